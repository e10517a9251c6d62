"""Words for what the desk has to say: one Markdown source for each event and language, many forms.

::

    templates/it/received.md.j2 ──Jinja──► skeleton + values ──mistune──► plain text, HTML (kept) ──fill──► words
"""

from bot.render.renderer import Rendered, Renderer, render_notice

__all__ = ["Rendered", "Renderer", "render_notice"]
