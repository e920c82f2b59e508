import { FileButton } from "@mantine/core";
import { useState } from "react";
import { useApi } from "#renderer/api/api.ts";
import { toGivenFiles } from "#renderer/api/given-files.ts";
import { download } from "#renderer/ui/table/csv.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { useRevocationList, useSign } from "./issuer-queries.ts";
import classes from "./issuers.module.css";
import { SmallButton } from "./small-button.tsx";

type Props = { name: string; isReadOnly: boolean; onIssued: () => void };

const PEM = "application/x-pem-file";

/** What an authority of the user's own has to hand out. */
export function OwnActions({ name, isReadOnly, onIssued }: Props) {
  const api = useApi();
  const lists = useRevocationList();
  const signing = useSign();
  const [refusal, setRefusal] = useState<string | null>(null);
  const attempt = async (act: () => Promise<void>) => {
    setRefusal(null);
    try {
      await act();
    } catch (failure) {
      if (!(failure instanceof Error)) throw failure;
      setRefusal(failure.message);
    }
  };
  const saveRoot = async () => {
    const { root } = await api.issuers.root.call({ name });
    download(`${name}-root.pem`, PEM, root);
  };
  const saveLists = async () => {
    const { pem } = await lists.mutateAsync({ name });
    download(`${name}.crl`, PEM, pem);
  };
  const sign = async (file: File | null) => {
    const [given] = file ? toGivenFiles([file]) : [];
    if (!given) return;
    const { pem, names } = await signing.mutateAsync({ name, base64: await given.read() });
    download(given.name.replace(/(\.csr|\.req|\.pem)?$/i, ".crt.pem"), PEM, pem);
    toast(`Signed for ${names.map((one) => one.replace(/^(DNS|IP):/, "")).join(", ")}`);
  };
  return (
    <>
      <div className={classes.actions}>
        <FileButton onChange={(file) => void attempt(() => sign(file))}>
          {({ onClick }) => (
            <SmallButton
              disabled={isReadOnly}
              loading={signing.isPending}
              onClick={onClick}
              label={`Sign a request with ${name}`}
            >
              Sign a request
            </SmallButton>
          )}
        </FileButton>
        <SmallButton onClick={onIssued} label={`Certificates of ${name}`}>
          Certificates
        </SmallButton>
        <SmallButton
          onClick={() => void attempt(saveRoot)}
          label={`Root of ${name}`}
          title="What clients are to trust"
        >
          Root
        </SmallButton>
        <SmallButton
          disabled={isReadOnly}
          loading={lists.isPending}
          onClick={() => void attempt(saveLists)}
          label={`Revocation lists of ${name}`}
          title="Signed anew each time"
        >
          Revocation lists
        </SmallButton>
      </div>
      {refusal !== null && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={refusal} limit={1_000} />
        </p>
      )}
    </>
  );
}
