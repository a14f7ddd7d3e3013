"""Words that say nothing of what a sentence is about: they are left out of what is matched, in English.

Function words, what their contractions are split into, and what tweets are full of. Words that negate are among them:
nearly every sentence could have one, and what they mean is compared apart (`api.domain.opposition`).
"""

_ENGLISH = """
a about above after again against ain all also always am amp an and any are aren as at b be because been before
being below between both but by c can cannot com could couldn d did didn do does doesn doing don down during e each
etc ever every few for from further gonna gotta had hadn has hasn have haven having he her here hers herself him
himself his how http https i if im in into is isn it its itself ive just let ll m ma may me might mightn more most
much must mustn my myself needn never no nor not now o of off on once only or other ought our ours ourselves out
over own per please pls re rt s said same say says shall shan she should shouldn so some such t than that the their
theirs them themselves then there these they this those through to too u under until up upon ur us ve very via was
wasn we were weren what when where which while who whom why will with within without won would wouldn www y yes yet
you your yours yourself yourselves
"""
STOP_WORDS = frozenset(_ENGLISH.split())
