"""Train without a stop: ``whole.py ENGINE KIND PATH``; PATH is written to after each step.

One line says in JSON what the run left, and for each number of steps which bytes were in the file.
"""

import json
import sys

import work

engine, kind, path = sys.argv[1:]
fingerprints = work.Fingerprints(path)
chosen = work.trainer(engine, kind, fingerprints)
work.fit(chosen)
print(json.dumps({"left": work.left_by(chosen), "fingerprints": fingerprints.of}))
