"""Webhooks: whoever subscribes is called, instead of polling.

* `subscriptions` what a party does with its subscriptions, and the document of one
* `messages`      what a receiver is sent, and its signature (Standard Webhooks)
* `addresses`     whom we call, and whom never
* `calls`         one request to a receiver, bounded in every way
* `couriers`      one subscription: its messages in order, until one fails
* `deliverer`     the process that delivers: a courier for each subscription, and the books
* `books`         what became of it, written down many at once
* `running`       delivering for as long as a process lives, one process at a time
"""
