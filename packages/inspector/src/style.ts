/** Colours are the system's, so that light, dark and forced colours come from where the reader set them. */
export const style = `
:host { display: block; color-scheme: light dark; color: CanvasText; background: Canvas; font: 14px/1.45 system-ui, sans-serif; }
* { box-sizing: border-box; }
header.top, main { padding: 0.5rem 1rem; }
header.top { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; align-items: baseline; border-bottom: 1px solid GrayText; }
h1 { font-size: 1.1rem; margin: 0; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
nav { display: flex; gap: 0.25rem; }
nav button[aria-current] { font-weight: 600; border-bottom: 3px solid currentColor; }
button, input, select, textarea { font: inherit; }
:focus-visible { outline: 2px solid Highlight; outline-offset: 2px; }
.bar, .bar form { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: end; margin: 0.5rem 0; }
label span { display: block; font-size: 0.85em; }
label input.long { min-width: 20rem; }
textarea { width: 24rem; max-width: 100%; font-family: ui-monospace, monospace; }
time { white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
caption { text-align: start; font-weight: 600; padding: 0.25rem 0; }
th, td { text-align: start; vertical-align: top; padding: 0.2rem 0.75rem 0.2rem 0; border-bottom: 1px solid color-mix(in srgb, CanvasText 20%, Canvas); }
th { font-weight: 600; font-size: 0.85em; }
.about, dd { font-family: ui-monospace, monospace; font-size: 0.9em; overflow-wrap: anywhere; white-space: pre-wrap; }
button.link { border: 0; padding: 0; background: none; color: LinkText; text-decoration: underline; cursor: pointer; overflow-wrap: anywhere; text-align: start; }
.badge { border: 1px solid currentColor; border-radius: 0.6em; padding: 0 0.5em; white-space: nowrap; }
.badge:is([data-status='failed'], [data-status='timed_out'], [data-status='blocked'], [data-status='terminated']) { color: light-dark(#a40000, #ff9b9b); }
.badge[data-status='completed'] { color: light-dark(#1b5e20, #9be7a0); }
.badge:is([data-status='backing_off'], [data-status='cancelled']) { color: light-dark(#7a4a00, #ffcf8a); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 0.25rem 1rem; margin: 0.5rem 0; }
dl div { display: flex; gap: 0.5rem; }
dt { min-width: 7rem; font-size: 0.85em; }
dd { margin: 0; }
.detail { border-top: 2px solid currentColor; margin-top: 1rem; }
.problem { color: light-dark(#a40000, #ff9b9b); }
.problem:empty, .told:empty, .bound:empty { display: none; }
[hidden] { display: none !important; }
`;
