"""What goes over the wire: the words, the fields, and one module of marshmallow schemas for each resource.

* `vocabulary`   the words, limits and patterns that the whole project shares (no imports: anyone may use it)
* `dates`        EDTF text -> the earliest and latest day that it allows
* `strict_json`  the one JSON loader: bytes -> plain Python values, or `BadJSON`
* `base`         the lean `Schema` that every request goes through; `Query`, `Patch`, `Document`
* `fields`       the strict fields (those for texts are in `texts`, `instants` reads `at`)
* `problems`     validation errors -> (pointer, detail, code), and the problem document
* `parties`, `questions`, `claims`, `verdicts`, `contradictions`, `timelines`, `changes`, `entries`
                 one resource each: what may be sent (`PartySchema`), what may be changed (`PartyPatch`),
                 what may be asked (`PartiesQuery`), and what is answered (`PartyDocument`)

Request and query schemas validate: `load()` returns a plain dict, ready to be hashed, in which fields that
were null or left out do not appear. Patch and answer schemas only describe: the OpenAPI document is made
from them, and nothing is ever dumped through them. This package never imports `api`.
"""
