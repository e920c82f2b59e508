import { useKnownLabels, useLabels, useSetLabels } from "#renderer/api/labels.ts";
import { LabelsSection } from "#renderer/ui/labels-section.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { Labelled } from "#shared/model/label.ts";

/** Who answers for the certificate, and its tags. */
export function CertificateLabels({ sha256 }: { sha256: string }) {
  const thing: Labelled = { kind: "certificate", sha256 };
  const { data } = useLabels(thing);
  const known = useKnownLabels();
  const { mutate, error, isPending } = useSetLabels();
  if (!data) return null;
  return (
    <LabelsSection
      labels={data}
      known={known}
      isSaving={isPending}
      error={error}
      onSave={(change, done) =>
        mutate(
          { things: [thing], ...change },
          {
            onSuccess: () => {
              toast("Saved");
              done();
            },
          },
        )
      }
    />
  );
}
