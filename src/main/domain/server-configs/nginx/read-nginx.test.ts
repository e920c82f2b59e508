import { expect, test } from "vitest";
import { formatFiles } from "#domain/server-configs/testing/format-files.ts";

const say = (texts: { [path: string]: string }) => formatFiles({ server: "nginx" }, texts);

test("a server takes certificates from around it, its own in their place, and the first is the default", () => {
  const said = say({
    "/etc/nginx/nginx.conf": `user www-data;
include modules-enabled/*.conf;
http {
  ssl_certificate ssl/all.pem; # of everybody
  ssl_certificate_key ssl/all.key;
  include /etc/nginx/conf.d/*.conf;
}`,
    "/etc/nginx/conf.d/10-shop.conf": `server {
  listen 443 ssl; listen [::]:443 ssl ipv6only=on; listen 443 quic; listen unix:/run/x.sock ssl;
  server_name shop.example www.shop.example;
}
server {
  listen 443 ssl default_server;
  server_name .api.example ~^v\\d+\\.example$;
  ssl_certificate "ssl/api rsa.pem";
  ssl_certificate_key 'ssl/api rsa.key';
  ssl_certificate ssl/api-ec.pem;
  ssl_certificate_key ssl/api-ec.key;
  ssl_client_certificate ssl/clients.pem;
  location / { proxy_pass https://inner; proxy_ssl_certificate ssl/me.pem; proxy_ssl_certificate_key ssl/me.key; }
}
server { listen 80; server_name shop.example; }`,
    "/etc/nginx/modules-enabled/50-mod.conf": "load_module modules/ngx_stream_module.so;",
  });
  expect(said).toMatchInlineSnapshot(`
    "0.0.0.0:443 [::]:443! tls at /etc/nginx/conf.d/10-shop.conf:1
      names shop.example www.shop.example
      certificate /etc/nginx/ssl/all.pem (ssl_certificate /etc/nginx/nginx.conf:4)
      key /etc/nginx/ssl/all.key (ssl_certificate_key /etc/nginx/nginx.conf:5)
    0.0.0.0:443! tls at /etc/nginx/conf.d/10-shop.conf:5
      names .api.example ~^v\\d+\\.example$
      certificate /etc/nginx/ssl/api rsa.pem (ssl_certificate /etc/nginx/conf.d/10-shop.conf:8)
      key /etc/nginx/ssl/api rsa.key (ssl_certificate_key /etc/nginx/conf.d/10-shop.conf:9)
      certificate /etc/nginx/ssl/api-ec.pem (ssl_certificate /etc/nginx/conf.d/10-shop.conf:10)
      key /etc/nginx/ssl/api-ec.key (ssl_certificate_key /etc/nginx/conf.d/10-shop.conf:11)
    client-ca /etc/nginx/ssl/clients.pem (ssl_client_certificate /etc/nginx/conf.d/10-shop.conf:12)
    upstream-certificate /etc/nginx/ssl/me.pem (proxy_ssl_certificate /etc/nginx/conf.d/10-shop.conf:13)
    upstream-key /etc/nginx/ssl/me.key (proxy_ssl_certificate_key /etc/nginx/conf.d/10-shop.conf:13)"
  `);
});

test("stream and mail serve as well, a mail server by STARTTLS where it is switched on", () => {
  const said = say({
    "/etc/nginx/nginx.conf": `stream { server { listen 127.0.0.1:8883 ssl; ssl_certificate /c.pem; ssl_certificate_key /c.key; } }
mail {
  starttls only;
  ssl_certificate /m.pem; ssl_certificate_key /m.key;
  server { listen 25; protocol smtp; }
  server { listen 993 ssl; protocol imap; }
  server { listen 110; starttls off; }
}`,
  });
  expect(said).toMatchInlineSnapshot(`
    "127.0.0.1:8883! tls at /etc/nginx/nginx.conf:1
      certificate /c.pem (ssl_certificate /etc/nginx/nginx.conf:1)
      key /c.key (ssl_certificate_key /etc/nginx/nginx.conf:1)
    0.0.0.0:25! smtp at /etc/nginx/nginx.conf:5
      certificate /m.pem (ssl_certificate /etc/nginx/nginx.conf:4)
      key /m.key (ssl_certificate_key /etc/nginx/nginx.conf:4)
    0.0.0.0:993! tls at /etc/nginx/nginx.conf:6
      certificate /m.pem (ssl_certificate /etc/nginx/nginx.conf:4)
      key /m.key (ssl_certificate_key /etc/nginx/nginx.conf:4)"
  `);
});

test("variables, code, refused handshakes and files that were not read are said, and nothing is guessed", () => {
  const said = say({
    "/etc/nginx/nginx.conf": `http {
  server { listen 443 ssl; server_name a.example; ssl_certificate /x/$ssl_server_name.pem; ssl_certificate_key /k; }
  server { listen 443 ssl; server_name b.example; ssl_certificate_by_lua_block { local x = "}" -- }
    } ssl_certificate /b.pem; ssl_certificate_key /b.key; }
  server { listen 443 ssl; server_name c.example; ssl_reject_handshake on; }
  server { listen 443 ssl; server_name d.example; include /srv/d.conf; ssl_certificate /d.pem; ssl_certificate_key /d.key; }
  server { listen $port ssl; }
  include /srv/vhosts/*.conf;
  include conf.d/*.conf;
}`,
    "/etc/nginx/conf.d/README": "",
  });
  expect(said).toMatchInlineSnapshot(`
    "0.0.0.0:443! tls at /etc/nginx/nginx.conf:2
      names a.example
      unsure: /x/$ssl_server_name.pem is no path to a file (/etc/nginx/nginx.conf:2)
    0.0.0.0:443 tls at /etc/nginx/nginx.conf:3
      names b.example
      certificate /b.pem (ssl_certificate /etc/nginx/nginx.conf:4)
      key /b.key (ssl_certificate_key /etc/nginx/nginx.conf:4)
      unsure: ssl_certificate_by_lua_block chooses the certificate (/etc/nginx/nginx.conf:3)
    0.0.0.0:443 tls at /etc/nginx/nginx.conf:5
      names c.example
      unsure: it turns every handshake away (ssl_reject_handshake)
    0.0.0.0:443 tls at /etc/nginx/nginx.conf:6
      names d.example
      certificate /d.pem (ssl_certificate /etc/nginx/nginx.conf:6)
      key /d.key (ssl_certificate_key /etc/nginx/nginx.conf:6)
      unsure: a file that is included here was not read
    unknown: /srv/d.conf is included and was not read (/etc/nginx/nginx.conf:6)
    unknown: what /srv/vhosts/*.conf stands for was not read (/etc/nginx/nginx.conf:8)
    unknown: where listen $port listens (/etc/nginx/nginx.conf:7)
    may lack: a file that http { includes was not read"
  `);
});

test("what other servers say of an address holds for all that listen there", () => {
  const said = say({
    "/etc/nginx/nginx.conf": `http {
  ssl_certificate /all.pem; ssl_certificate_key /all.key;
  server { listen 8443; server_name one.example; }
  server { listen *:8443 ssl; server_name two.example; }
  server { server_name plain.example; }
  server { listen [::]:9443-9444 ssl ipv6only=off; }
}`,
  });
  expect(said).toMatchInlineSnapshot(`
    "0.0.0.0:8443! tls at /etc/nginx/nginx.conf:3
      names one.example
      certificate /all.pem (ssl_certificate /etc/nginx/nginx.conf:2)
      key /all.key (ssl_certificate_key /etc/nginx/nginx.conf:2)
    0.0.0.0:8443 tls at /etc/nginx/nginx.conf:4
      names two.example
      certificate /all.pem (ssl_certificate /etc/nginx/nginx.conf:2)
      key /all.key (ssl_certificate_key /etc/nginx/nginx.conf:2)
    any:9443! any:9444! tls at /etc/nginx/nginx.conf:6
      certificate /all.pem (ssl_certificate /etc/nginx/nginx.conf:2)
      key /all.key (ssl_certificate_key /etc/nginx/nginx.conf:2)"
  `);
});
