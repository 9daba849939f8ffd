"""The use of trained networks: the stage of ``predict.smk``, and the export of models."""
