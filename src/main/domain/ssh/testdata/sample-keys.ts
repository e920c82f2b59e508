/** Keys of public-keys.txt, as written in a line. */
export const SAMPLE_KEYS = {
  ed25519: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICMSwu0quwdyYK/Bht1UG58PZJInaOyuyxTF4N/aWeSg",
  rsa: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDDD260tDUF0IdohA8ldlWbpPOujn8QZzelf3wvZ4f84QPBXERs6//jMeWPflDseejYmbfq6xmR3ZmfdLFPQO6ovqJ1BmMRv90oLLexoollGufCuyTLdqib+C/+mdHyWomrtCoTyn93IHHqF0+zckTnSTdUuo+xsduqZM8WWcIHodiSE4PccA+KIA8KCh8ZHSVvCqeJ8EkzqWm80u1rLDPfv7S9PJ258fn/C2tXu9Z1CvTg1R8cXamJKF7QX78BM1nuhM/HzOF/yGYAvkTn3y2zooD29HQYQqCMB3A1Vjt7AWun1VDlvtjM3cjF5Eqjq1PTvw1xa0z6XeYIxj53Pl5L",
  rsa1024:
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDZ6QDaV1278qU1ctTnJQqq8runiMMs/F8SaITvkQvgKoIM9elgftLxrT6zqVxbR3DCfGHRYp1iyifVXFj1Kn7nAptBKInYDZYGdDFB760k0ajW6LqzGcmnQM1Ag5I/jLQoJyieDR/PfowSBCuaJ6XOWEcHH/vObWCTYtvkCyJQfw==",
  ecdsa:
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIdvprAxJ7Rmo3jbljd7mqeNVwys2fSdUAgz87qGc27OckIoKpmRVh1o7HvMSZriEtVfOqNmgz+gjDo2qnfJuKE=",
  dsa: "ssh-dss AAAAB3NzaC1kc3MAAACBALsa3iLVEnJEZDoMbUjLFiUOZUOoXLLOqUMdXaCSo8AtLnODD9wR53kRT93vXVVJERuMxvc7r+1j28fi7QlYxpVu4YdMq4HQB3yZF7RknIH6vez0F1tsz/UQVoPKQCAv+rXA4s9dtlOByWXOuBVMZwO3qkMEbhfShCdQyT9i/qk1AAAAHQCNplyMD+a42wb+EXkiuGQ7TreN7mLlmllv+NaxAAAAgHdAQ9x+966E11ENsONsFi1HEDU0g7jqKxciYS2yegSJaKkRGaAgb6svX4evBdRU3daVzFSgFgS7q5NkKdfQTHMAH3pSir8xyyADkag5hDU+GPIBlN44YM2DTPjEV68F/j+hYtU70TutBDZZ4OEezN/qamoZCZCt47D34KT4as2SAAAAgQCSMZcELT1IqwwNxf8xEFYDNfc/Qopt7HPZKbxgs7dPSwZc+TA58UTSrkZEUIe9Q6mjaU2sBtiTnSUh44ERw370GPku2fp0bkt7keWI7PkkI91CWozInuBUlLR5Q0/ax37efd1zECfj9ZMeLFpo9DlECLHPsuVRbaFkbo9fOwgnug==",
  securityKey:
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAICMSwu0quwdyYK/Bht1UG58PZJInaOyuyxTF4N/aWeSgAAAABHNzaDo=",
  certificate:
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIGCLb9QLAxXU0f47fmClmrJuSU2l94RYrpBfEv/y609+AAAAICMSwu0quwdyYK/Bht1UG58PZJInaOyuyxTF4N/aWeSgAAAAAAAAAAAAAAABAAAAD2lkIG9mIGtfZWQyNTUxOQAAABAAAAAFYWxpY2UAAAADYm9iAAAAAF4L4QAAAAAAcNvYgAAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIHioECPfZQqcVy01sO0cPuh6Jx1oQe81HzZd2HWiSq3xAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAbHPUZIJV8fkkFLfAzcGaOEGyE+N0Ii7fqgvHsvOtPxJArE/RsiqDFHtdA+PlloMOjmsIU3AULQ4YSncZPuIIP",
};

/** No tool makes such a key yet: the form is right, but the bytes are no real key. */
const MLDSA = "ssh-mldsa44-ed25519@openssh.com";
const mldsaBlob = Buffer.alloc(4 + MLDSA.length + 4 + 1_344);
mldsaBlob.writeUInt32BE(MLDSA.length);
mldsaBlob.write(MLDSA, 4);
mldsaBlob.writeUInt32BE(1_344, 4 + MLDSA.length);

/** The same by the names that the rows of the matrix use, and keys that only the matrix has. */
export const ROW_KEYS = {
  key: SAMPLE_KEYS.ed25519,
  rsa: SAMPLE_KEYS.rsa,
  rsa1024: SAMPLE_KEYS.rsa1024,
  rsa3072:
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgDTUhtDwhUhx91gh9g1nNL/nQG8WB9mWxYz4MlzDISI5AlSpJQ0S7xMaiTAddbRz5abFhn+wG73KU/OCKLsdHHafK8uON6EYSlWXESXDZVN19nqeOEk6Lm6We68zqJmcP2bv4e/10O7ysh4bf+aQqWxRvDb1mrDKJvmesUOxQBFX8R/Nig2SbY+ff0/VlRLGI5fQCuiZU39gM/h6W4jDvk4SdNvHF10jPsjTyyG6Sncpm222PgopM4995EP3C7fJIIDU8mODrfoYKVjwnX2FdmX25UrNX8uusGRM56cXrO/uPWzjKNEgholmSYA+ygbRaVtl6A5OO4zR4jHyip3IPz7dr3FDyqfN7KMQjuR8ClMgiTYpxZkHdOuwMWgLMIU1qC56MQHHNVyRcH2EkOh/rlllOl7ie2w9g5MbJrShMlacXvQRk8OeGq4k09yJbo7vEYaRs4l+CfgMZhU8h98ASslKgtUJSDIr+jKIsOslyQz6J8B7nMW+1mt72PRvqDAd4Q==",
  p256: SAMPLE_KEYS.ecdsa,
  p384: "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBFcaHlpv7IxJcP9icdMUDJi4QnaEaNc5v/etcCt4ch6APg4WTQMAWVTJoScDP1usLK2rcIsm9LD/VjpW4sGRAWYg12GpdSjMRucnDB+Nm6UQr9tAIdOAu4ETFSb1j+733Q==",
  p521: "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAGa63IxeaDrHzd51L+tY2ANlSibEcoVCrL1m8mHHKbY6/D5605jjY/Is9jyjpP1AZ5b/Il6B47XvF8O3gK79c8irABaFFDvZ4IBlNqthbqzIEy+pODCufSoOQlvvkoNKxdDhxONxke8b+aeWK0T6Fmn4qJCMI+7mhnGVO9epjUX6V5PTQ==",
  dsa: SAMPLE_KEYS.dsa,
  mldsa: `${MLDSA} ${mldsaBlob.toString("base64")}`,
  sk: SAMPLE_KEYS.securityKey,
  sk256:
    "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBIdvprAxJ7Rmo3jbljd7mqeNVwys2fSdUAgz87qGc27OckIoKpmRVh1o7HvMSZriEtVfOqNmgz+gjDo2qnfJuKEAAAAEc3NoOg==",
  certificate: SAMPLE_KEYS.certificate,
};
