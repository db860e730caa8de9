"""Gold data: the task, the user's own rows by role, and the sealed test.

Start at `opening.load_gold`: it reads what a recipe names, carves what it does not, refuses rows
that stand on both sides, and hands out one `Gold` for each fold.
"""
