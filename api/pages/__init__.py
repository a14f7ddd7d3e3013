"""The pages that people look at: what was said, when the answer changed, and where each word comes from.

They are made from the API's own documents by the API's own reads (`reader`), and are no part of the API.

* `home`, `questions`, `claims`, `parties`, `contradictions`, `search`   one module a page
* `embeds`       a timeline for the pages of others: in a frame, as an image, by oEmbed
* `timelines`, `listing`   a question's statements, made ready to be drawn, and as rows
* `scale`, `placing`, `crossings`, `drawing`, `images`   time into places, places into SVG
* `wording`, `differences`   dates and statuses in words; the words in which two texts differ
* `serving`, `rendering`   what every page needs: templates, caching, the policy that keeps it safe
* `assets`       style, script and icon, under addresses that change when they do
"""

from __future__ import annotations

import flask


def register(app: flask.Flask) -> None:
    """Gives `app` its pages, and problems that people can read where a page was asked for."""
    from api import problems
    from api.pages import assets, claims, contradictions, embeds, home, parties, questions, search, serving

    blueprint = flask.Blueprint("pages", __name__)
    for module in (home, search, questions, claims, parties, contradictions, embeds, assets):
        module.add(blueprint)
    app.register_blueprint(blueprint)
    problems.show_as(app, serving.problem)
