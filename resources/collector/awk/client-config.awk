# Of ssh_config what names a host, a login and a key.

{
	keyword = tolower($1)
	sub(/=.*/, "", keyword)
	if (keyword ~ /^(host|match|hostname|user|port|identityfile)$/) print
}
