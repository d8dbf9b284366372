"""What it costs that runs survive: time of a step beside plain LangGraph and DBOS, an idle worker, a long queue."""
