"""Claim a message of the ledger named on the command line, say so, and wait to be killed."""

import sys
import time

from builders import NOW, alerts

from actions.ledger import open_ledger
from app.notify.outbox import claim

if __name__ == "__main__":
    taken = claim(open_ledger(sys.argv[1]), alerts(), NOW)
    assert taken is not None
    print(taken.id, flush=True)
    time.sleep(600)
