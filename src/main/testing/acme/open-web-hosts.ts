import { type LabHost, startHost } from "#testing/lab/start-host.ts";

const MODULES = "/usr/lib/apache2/modules";

/**
 * An nginx that serves each name in another way: plain.test from a folder, alias.test from a folder of challenges,
 * secure.test by https alone, linked.test behind a symbolic link, passed.test with no files of its own.
 */
export async function startNginxHost(): Promise<LabHost> {
  const host = await startHost({ name: "nginx1" });
  const { address } = host;
  await host.run(`
    rm -rf /etc/nginx
    useradd --create-home shop
    mkdir -p /srv/plain /srv/acme /srv/secure /srv/releases/7 /srv/passed /etc/nginx/sites-enabled /etc/tls
    chown shop: /srv/plain; chmod 755 /srv/plain
    ln -s releases/7 /srv/current
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /etc/tls/key -out /etc/tls/pem -subj /CN=old -days 1 2>/dev/null
    cat >/etc/nginx/nginx.conf <<'END'
user www-data;
pid /run/nginx.pid;
error_log /var/log/nginx.log crit;
events {}
http {
    access_log off;
    # secret-in-a-remark
    proxy_set_header Authorization "Basic secret-in-a-header";
    include /etc/nginx/sites-enabled/*;
}
END
    cat >/etc/nginx/sites-enabled/all <<'END'
server { listen ${address}:80; server_name plain.test; root /srv/plain; location ~ /\\.(?!well-known) { deny all; } }
server { listen ${address}:80; server_name alias.test; location ^~ /.well-known/acme-challenge/ { alias /srv/acme/; } location / { return 404; } }
server { listen ${address}:80; server_name secure.test; location / { return 301 https://$host$request_uri; } }
server { listen ${address}:443 ssl; server_name secure.test; root /srv/secure; ssl_certificate /etc/tls/pem; ssl_certificate_key /etc/tls/key; }
server { listen ${address}:80; server_name linked.test; root /srv/current; }
server { listen ${address}:80; server_name passed.test; root /srv/passed; location / { proxy_pass http://secret-upstream:secret@127.0.0.1:9; } }
END
    sed -i 's/secret-upstream:secret@//' /etc/nginx/sites-enabled/all
    nginx </dev/null >/dev/null 2>&1`);
  return host;
}

/**
 * An Apache with a DocumentRoot for root.apache.test, an Alias for alias.apache.test, and a redirect to https for
 * secure.apache.test.
 */
export async function startApacheHost(): Promise<LabHost> {
  const host = await startHost({ name: "apache1" });
  const { address } = host;
  await host.run(`
    mkdir -p /srv/root /srv/acme /srv/secure /etc/apache2/sites-enabled /etc/tls /var/log/apache2
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /etc/tls/key -out /etc/tls/pem -subj /CN=old -days 1 2>/dev/null
    cat >/etc/apache2/apache2.conf <<'END'
ServerRoot /etc/apache2
ServerName localhost
DefaultRuntimeDir /run
PidFile /run/apache2.pid
ErrorLog \${APACHE_LOG_DIR}/error.log
LogLevel crit
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
LoadModule authz_core_module ${MODULES}/mod_authz_core.so
LoadModule alias_module ${MODULES}/mod_alias.so
LoadModule ssl_module ${MODULES}/mod_ssl.so
User www-data
Group www-data
StartServers 1
ServerLimit 2
ThreadsPerChild 4
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
Listen ${address}:80
<IfModule ssl_module>
Listen ${address}:443 https
</IfModule>
Define PASSWORD secret-in-a-definition
IncludeOptional sites-enabled/*.conf
END
    cat >/etc/apache2/sites-enabled/all.conf <<'END'
<VirtualHost *:80>
    ServerName root.apache.test
    DocumentRoot "/srv/root"
</VirtualHost>
<VirtualHost *:80>
    ServerName alias.apache.test
    DocumentRoot /srv/root
    Alias /.well-known/acme-challenge/ /srv/acme/
</VirtualHost>
<VirtualHost *:80>
    ServerName secure.apache.test
    Redirect permanent / https://secure.apache.test/
</VirtualHost>
<VirtualHost *:443>
    ServerName secure.apache.test
    DocumentRoot /srv/secure
    SSLEngine on
    SSLCertificateFile /etc/tls/pem
    SSLCertificateKeyFile /etc/tls/key
</VirtualHost>
END
    APACHE_LOG_DIR=/var/log/apache2 apache2 -k start -f /etc/apache2/apache2.conf </dev/null >/dev/null 2>&1
    while [ ! -e /run/apache2.pid ]; do sleep 0.05; done`);
  return host;
}
