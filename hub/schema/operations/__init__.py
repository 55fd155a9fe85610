"""What operators of the hub see and do in the graph; everything here requires the scope hub:operate."""

from hub.store.webhooks.endpoints import OPERATE as OPERATE
