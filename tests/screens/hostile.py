"""Ten texts that would harm a terminal or a markup parser if they were passed on."""

HOSTILE = (
    "osc52 \x1b]52;c;cHduZWQ=\x07 end",
    "osc8 \x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\ end",
    "title \x1b]0;PWNED\x07 end",
    "csi \x1b[2J\x1b[6n\x1b[?1049l end",
    "c1 \x9b2J\x9d0;x\x9c end",
    "nul \x00 end",
    "del \x7f end",
    "bidi \u202egnp.exe\u2066 end",
    "markup [/red] [/] end",
    "action [@click=app.quit]x[/] end",
)
