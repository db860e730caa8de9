"""The only room that imports torch and transformers. Importing it imports neither.

`targets.py` and `batching.py` turn rows into sequences and batches and know no torch;
`objectives.py` holds the losses; `training.py` the loop; `transduction.py` and
`categorisation.py` what a seq2seq student and a classifier bring to it. `tuning.py` tunes teachers
through the same loop, whole or by the adapters of `adapters.py`.
"""
