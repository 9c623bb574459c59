"""One file a question that the study asks of the scores."""
