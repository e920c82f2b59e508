# The bytes that lines of hexadecimal digits stand for.
BEGIN { for (i = 0; i < 256; i++) byte[sprintf("%02x", i)] = sprintf("%c", i) }
{ for (i = 1; i < length($0); i += 2) printf "%s", byte[substr($0, i, 2)] }
