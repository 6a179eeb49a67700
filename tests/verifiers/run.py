# Asks examples/verify/python about the tokens of `tests/black_box/verifiers.rs`: JSON lines in and out.
import json
import pathlib
import sys

import jwt

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples" / "verify" / "python"))
import verify

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"claims": verify.verify(asked["token"], *asked["needed"])}
    except verify.InsufficientScope as error:
        answer = {"status": 403, "why": repr(error)}
    except jwt.PyJWTError as error:
        answer = {"status": 401, "why": repr(error)}
    print(json.dumps(answer))
