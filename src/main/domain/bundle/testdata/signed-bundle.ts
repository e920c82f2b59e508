/** A bundle that holds nothing, and what `ssh-keygen -Y sign -n latchkey-bundle` of OpenSSH 10.0 wrote for it. */
export const BUNDLE = Buffer.from("latchkey-collection 1 abc\nend 0 abc none\n");

export const SIGNER =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEDr5IDoqai2LY/7625eDO2dQ9+v6ioc0OCabOaxIv9d auditor";

export const FINGERPRINT = "SHA256:EtacVUJjFs1po3tz4vuTeU2+m8paum75dNYgzcy3FlE";

export const SIGNATURE = `-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgQOvkgOipqLYtj/vrbl4M7Z1D36
/qKhzQ4Jps5rEi/10AAAAPbGF0Y2hrZXktYnVuZGxlAAAAAAAAAAZzaGE1MTIAAABTAAAA
C3NzaC1lZDI1NTE5AAAAQA8MmfTKpXEpZOQnvIPkHLTfLqosAjGlEzwpg5cn9BNVAsrSXR
G1FD1/qir9w45IpHMpNLcSue5qBJsEKo8PDgA=
-----END SSH SIGNATURE-----
`;
