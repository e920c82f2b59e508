import { expect, test } from "vitest";
import { findSite, readDump } from "./find-site.ts";
import { fitsPattern } from "./site.ts";

const site = (server: "nginx" | "apache", text: string, name = "a.test") => {
  const root = server === "nginx" ? "/etc/nginx/nginx.conf" : "/etc/apache2/apache2.conf";
  const source = readDump(server, `# configuration file ${root}:\n${text}`, []);
  const found = source && findSite([source], name);
  if (!found) return found;
  if (found.kind === "folder") return `${found.of} ${found.path}`;
  return found.kind === "elsewhere" ? `elsewhere: ${found.why}` : `unsure: ${found.why}`;
};
const nginx = (inside: string, more = "") =>
  site("nginx", `http { root /srv/http; ${more} server { listen 80; server_name a.test; ${inside} } }`);

const SECURE = "server { listen 443 ssl; server_name a.test; root /srv/secure; }";

test.each([
  ["root /srv/a;", "site /srv/a"],
  ["", "site /srv/http"],
  ["root html;", "site /etc/nginx/html"],
  ["location / { root /srv/b; }", "site /srv/b"],
  ["root /srv/a; location / { try_files $uri $uri/ =404; }", "site /srv/a"],
  [
    "root /srv/a; location / { try_files /index.html =404; }",
    "elsewhere: is looked for elsewhere (try_files)",
  ],
  ["root /srv/a; location / { proxy_pass http://up; }", "elsewhere: is passed on (proxy_pass)"],
  [
    "location ^~ /.well-known/acme-challenge/ { alias /srv/acme/; } location ~ /\\. { deny all; }",
    "challenges /srv/acme",
  ],
  ["location /.well-known { alias /srv/wk; }", "challenges /srv/wk/acme-challenge"],
  ["root /srv/a; location ~ /\\. { deny all; }", "elsewhere: is refused (deny)"],
  ["root /srv/a; location ~ /\\.(?!well-known) { deny all; }", "site /srv/a"],
  ["root /srv/a; location ~ /\\.ht { deny all; } location ~ \\.php$ { fastcgi_pass x; }", "site /srv/a"],
  [
    "root /srv/a; location /.well-known/ { } location ~* ^/\\.WELL { return 404; }",
    "elsewhere: is answered at once (return)",
  ],
  [
    "root /srv/a; location ~ (a+)+(b+)+$ { deny all; }",
    "unsure: a pattern of a location may fit (/etc/nginx/nginx.conf:1)",
  ],
  ["root /srv/$host;", "unsure: its folder has a variable in it (/etc/nginx/nginx.conf:1)"],
  ["root /srv/a; location / { auth_basic on; }", "elsewhere: needs a password (auth_basic)"],
  ["rewrite ^ /x;", "unsure: the path may be rewritten (/etc/nginx/nginx.conf:1)"],
  ["return 200;", "elsewhere: is answered at once (return)"],
  ["return 301 https://other.test/;", "elsewhere: is sent to another page (return)"],
  ["root /srv/a; location / { location /.well-known/ { root /srv/deep; } }", "site /srv/deep"],
])("nginx serves challenges from where it says: %s", (inside, expected) => {
  expect(nginx(inside)).toBe(expected);
});

test("who is sent to https is answered by the server there", () => {
  const redirect = "return 301 https://$host$request_uri;";
  expect(nginx(redirect, SECURE)).toBe("site /srv/secure");
  expect(nginx(`if ($host = a.test) { ${redirect} } return 404;`, SECURE)).toBe("site /srv/secure");
  expect(nginx(`location / { ${redirect} } location /.well-known/ { root /srv/a; }`, SECURE)).toBe(
    "site /srv/a",
  );
  const other = "server { listen 443 ssl; server_name b.test; root /srv/b; }";
  expect(nginx("return 301 https://b.test$request_uri;", other)).toBe("site /srv/b");
  expect(nginx("return 301 $scheme://b.test$request_uri;", other)).toBe("site /srv/b");
  expect(nginx("return 301 http://a.test$uri;")).toContain("unsure: is sent on and on");
  expect(nginx(redirect)).toContain("unsure: is sent to a.test:443, of which no configuration was read");
});

test("a pattern that stands for no file leaves nothing open, and a file that was not read does", () => {
  const server = "server { listen 80; root /srv/a; }";
  const include = (what: string) => site("nginx", `include ${what};\nhttp { include ${what};\n${server} }`);
  expect(include("/etc/nginx/conf.d/*.conf")).toBe("site /srv/a");
  expect(include("/etc/nginx/more.conf")).toContain("unsure: ");
});

test("the server that fits the name best is asked, or else the default one", () => {
  const text = `http {
    server { listen 80 default_server; root /srv/usual; }
    server { listen 80; server_name *.test; root /srv/star; }
    server { listen 8080; server_name a.test; root /srv/port; }
  }`;
  expect(site("nginx", text)).toBe("site /srv/star");
  expect(site("nginx", text, "other.example")).toBe("site /srv/usual");
  const addresses = `http {
    server { listen 80 default_server; root /srv/usual; }
    server { listen 192.0.2.1:80; server_name a.test; root /srv/one; }
    server { listen 192.0.2.2:80; server_name b.test; root /srv/two; }
    server { listen 192.0.2.3:80; server_name b.test; root /srv/three; }
  }`;
  expect(site("nginx", addresses)).toBe("site /srv/one");
  expect(site("nginx", addresses, "b.test")).toContain("unsure: several servers are there for b.test");
  expect(site("nginx", "http { server { listen 8080; root /srv/x; } }")).toBe(null);
});

const apache = (inside: string, more = "") =>
  site(
    "apache",
    `ServerRoot /etc/apache2\nListen 80\nListen 443 https\n${more}\n<VirtualHost *:80>\nServerName a.test\n${inside}\n</VirtualHost>\n`,
  );
const SECURE_HOST = "<VirtualHost *:443>\nServerName a.test\nDocumentRoot /srv/secure\n</VirtualHost>";

test.each([
  ["DocumentRoot /srv/a", "site /srv/a"],
  ['DocumentRoot "htdocs"', "site /etc/apache2/htdocs"],
  ["DocumentRoot /srv/a; Alias /.well-known/acme-challenge/ /srv/acme/", "challenges /srv/acme"],
  ["DocumentRoot /srv/a; Alias /.well-known /srv/wk", "challenges /srv/wk/acme-challenge"],
  ["DocumentRoot /srv/a; Alias /.well /srv/wk", "site /srv/a"],
  ["DocumentRoot /srv/a; ProxyPass / other", "elsewhere: is passed on (ProxyPass)"],
  ["DocumentRoot /srv/a; ProxyPass /.well-known !; ProxyPass / other", "site /srv/a"],
  ["DocumentRoot /srv/a; ProxyPassMatch ^/app/ other", "site /srv/a"],
  ["DocumentRoot /srv/a; Redirect permanent /old https://b.test/", "site /srv/a"],
  ["DocumentRoot /srv/a; Redirect permanent / https://a.test/", "site /srv/secure"],
  ["Redirect / http://b.test/page", "elsewhere: is sent to another page (Redirect)"],
  ["Redirect / https://b.test/", "site /srv/secure"],
  ["RedirectMatch ^/(.*)$ https://a.test/$1", "site /srv/secure"],
  ["RewriteEngine on; RewriteRule ^(.*)$ https://%{HTTP_HOST}$1", "site /srv/secure"],
  ["RewriteEngine on; RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI}", "site /srv/secure"],
  [
    "DocumentRoot /srv/a; RewriteEngine on; RewriteRule ^/\\.well-known/ - [L]; RewriteRule ^ other",
    "site /srv/a",
  ],
  [
    "DocumentRoot /srv/a; RewriteEngine on; RewriteRule ^/\\.well-known/ - [E=a:b]; RewriteRule ^ other",
    "unsure: the path may be rewritten (/etc/apache2/apache2.conf:14)",
  ],
  [
    "DocumentRoot /srv/a; RewriteEngine on; RewriteRule ^/\\. - [F]",
    "unsure: the request may be refused (/etc/apache2/apache2.conf:13)",
  ],
  [
    "DocumentRoot /srv/a; RewriteEngine on; RewriteRule ^ other",
    "unsure: the path may be rewritten (/etc/apache2/apache2.conf:13)",
  ],
  ["ScriptAlias / /usr/lib/cgi/", "elsewhere: is answered by a program (ScriptAlias)"],
  ["", "site /srv/main"],
])("Apache serves challenges from where it says: %s", (inside, expected) => {
  expect(apache(inside.replaceAll("; ", "\n"), `DocumentRoot /srv/main\n${SECURE_HOST}`)).toBe(expected);
});

test("a pattern that could take for ever is not tried", () => {
  expect(fitsPattern("^/a", "/a")).toBe(true);
  expect(fitsPattern("(a*)*b*", "/a")).toBe(null);
  expect(fitsPattern("(", "/a")).toBe(null);
  expect(fitsPattern(`^${"a".repeat(300)}`, "/a")).toBe(null);
});
