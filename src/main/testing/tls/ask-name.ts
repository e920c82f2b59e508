import { connect } from "node:tls";

/** The common name of the certificate that is served for a name, or without one; what is said instead where none is. */
export function askName({
  host,
  port,
  name,
}: {
  host: string;
  port: number;
  name: string | null;
}): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(
    { host, port, rejectUnauthorized: false, ...(name !== null && { servername: name }) },
    () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    },
  );
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  return promise;
}
