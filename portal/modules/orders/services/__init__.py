"""The verbs of orders. They take the unit of work (customers' verbs a `Scope` too) and never see a request.

- `drafting`: begin, change, duplicate · `lifecycle`: everything of the transition table · `deliveries`: deliver, take
  back, cancel a rest · `billing`: what finance asks · `own`: the customer's side · `comments` · `mailing`, `printing`
- below them: `reading` (lock, lines, facts), `pricing` (prices, taxes, totals), `numbers`, `history`, `merging`
"""
