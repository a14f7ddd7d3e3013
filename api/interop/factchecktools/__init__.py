"""Google's Fact Check Tools API, v1alpha1, over this record: tools that were made for Google's can be pointed here.

* `answers`    what a claim and its reviews look like there
* `search`     `claims:search`
* `pages`      the pages on which reviewers publish; `publishing` writes them
* `errors`     Google's error body

The names are those of Google's discovery document. As in every JSON that is made from Protocol Buffers, what is empty
is left out.
"""
