"""Reports: what a run proves, as data first (`report.json`) and then as one page (`report.html`).

`writing.py` is the door: it reads a finished run's `results.json` and nothing else. `facts.py` says
what a report knows, in numbers without format; `findings.py` what a reader must be warned of;
`charts.py` and `page.py` only draw. `run_comparison.py` puts finished runs side by side.
"""
