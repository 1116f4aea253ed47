"""How the page looks, by day and by night."""

# Stages of the datapath, in the order in which they are stacked.
STAGES = 12

SHEET = """
:root { color-scheme: light dark;
  --paper: #ffffff; --card: #f6f8fa; --ink: #1c2128; --soft: #57606a; --rule: #d8dee4; --accent: #0b5cad;
  --ours: #0b6bcb; --raw: #6e7781; --openssl: #c2410c; --up: #0b6bcb; --down: #8250df; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #0f141a; --card: #171d25; --ink: #e6ebf1; --soft: #9aa6b2; --rule: #2c3540; --accent: #6cb2ff;
  --ours: #58a6ff; --raw: #a5b0bb; --openssl: #ff9a5c; --up: #58a6ff; --down: #c297ff; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, "Segoe UI", sans-serif; }
main, header { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 36px; } main { padding-bottom: 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 22px; margin: 48px 0 8px; padding-top: 10px; border-top: 1px solid var(--rule); }
h3 { font-size: 17px; margin: 34px 0 2px; } h3 small { font-weight: 400; color: var(--soft); margin-left: 8px; }
p { margin: 6px 0; max-width: 92ch; } .soft { color: var(--soft); } .bad { color: var(--bad); }
a { color: var(--accent); } nav { margin: 16px 0 0; display: flex; flex-wrap: wrap; gap: 6px; }
nav a { text-decoration: none; border: 1px solid var(--rule); border-radius: 999px; padding: 2px 11px;
  font-size: 13px; }
nav a:hover { background: var(--card); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(184px, 1fr)); gap: 12px; margin: 22px 0 4px; }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 26px; line-height: 1.25; } .tile span { color: var(--soft); font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); gap: 14px; margin: 10px 0; }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 10px 12px 4px; }
figure.wide { padding: 14px 16px; margin: 12px 0; overflow-x: auto; } figure.wide svg { min-width: 560px; }
figcaption { font-weight: 600; font-size: 14px; margin-bottom: 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 0 14px; font-weight: 400; font-size: 12.5px; color: var(--soft); }
.legend i { display: inline-block; width: 18px; height: 0; border-top: 3px solid; vertical-align: middle;
  margin-right: 5px; } .legend i.dashed { border-top-style: dashed; border-top-width: 2px; }
.legend i.box { width: 11px; height: 11px; border: 0; border-radius: 2px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 11px system-ui, "Segoe UI", sans-serif; } svg text.name { fill: var(--ink);
  font-size: 12px; }
.grid { stroke: var(--rule); stroke-width: 1; } .notch { stroke: var(--soft); }
.mark { stroke: var(--soft); stroke-dasharray: 2 3; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .line.dashed { stroke-dasharray: 5 4; }
.near { fill-opacity: 0; } .point:hover circle:first-of-type { r: 5; } .bar:hover { opacity: .8; }
.ours { --c: var(--ours); } .raw { --c: var(--raw); } .openssl { --c: var(--openssl); }
.up { --c: var(--up); } .down { --c: var(--down); }
.line { stroke: var(--c); } .point, .bar { fill: var(--c); } .legend i { border-color: var(--c); }
.legend i.box { background: var(--c); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13.5px; margin: 10px 0; }
th, td { padding: 4px 12px 4px 0; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
td.word { text-align: left; } .facts td { white-space: normal; text-align: left; } .facts td:first-child {
  color: var(--soft); white-space: nowrap; padding-right: 24px; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 10px 14px;
  white-space: pre-wrap;
  overflow-wrap: anywhere; } details { margin: 14px 0; } summary { cursor: pointer; color: var(--accent); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; } dt { font-weight: 600; } dd { margin: 0;
  max-width: 84ch; } @media (max-width: 640px) { dl { grid-template-columns: 1fr; } }
@media print { figure, h3 { break-inside: avoid; } }
"""

# Colours that are told apart on either ground; the last is that of the rest.
_STAGE_COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#ff9da7", "#9c755f",
                  "#5fa2ce", "#a3b86c", "#8a929b")


def sheet() -> str:
    return SHEET + "\n".join(f".stage{at} {{ --c: {colour}; }}" for at, colour in enumerate(_STAGE_COLOURS))


def stage_class(at: int, name: str) -> str:
    """The class of the stage that is stacked as number `at`."""
    return f"stage{STAGES - 1}" if name == "rest" else f"stage{at % (STAGES - 1)}"
