"""`make bench`: what the service costs, as ratios to a bare Flask handler under the same gunicorn settings
in the same run.

Requests per second say little on a shared machine, so each number comes with the CPU time of the server for
each request, and each measured route alternates with the bare handler. gunicorn's two workers split
kept-alive connections by chance: in a quarter of the runs one of them gets nearly all and the rate is
halved, so such runs are thrown away and repeated.
"""
