"""The processes of the hub: the server, the worker, the private PostgreSQL, and what ``hub run`` starts and watches."""
