# The base64 of the first certificate in a PEM file, in one line.

{ sub(/\r$/, "") }
/^-----BEGIN (X509 )?CERTIFICATE-----$/ { on = 1; next }
/^-----END / { if (on) exit }
on {
	gsub(/[ \t]/, "")
	if (length(text) < 65536) text = text $0
}
END { printf "%s", text }
