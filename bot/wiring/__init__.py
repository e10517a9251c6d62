"""How the parts of one process are put together; ``bot.app`` runs what stands here."""
