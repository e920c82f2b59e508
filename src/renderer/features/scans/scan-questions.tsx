import { Dialog } from "#renderer/ui/dialog.tsx";
import { QuestionForm } from "#renderer/ui/questions/question-form.tsx";
import { formatAskedFor } from "#renderer/ui/questions/question-words.ts";
import { useAnswer, useCancelScan, useQuestions } from "./queries.ts";

/** What running scans ask, the oldest first, over whatever screen is open. To close it is to go on without. */
export function ScanQuestions() {
  const { waiting, count } = useQuestions();
  const answer = useAnswer();
  const cancel = useCancelScan();
  if (!waiting) return null;
  const { scan, question } = waiting;
  const reply = (given: { answers: string[] | null; isForSameUser: boolean }) =>
    answer({ scanId: scan.id, questionId: question.id, ...given });
  return (
    <Dialog
      title={count > 1 ? `${formatAskedFor(question)} (1 of ${count})` : formatAskedFor(question)}
      isOpen
      onClose={() => void reply({ answers: null, isForSameUser: false }).catch(() => undefined)}
      width={460}
    >
      <QuestionForm
        key={question.id}
        question={question}
        work="scan"
        hasOthers={scan.total > 1}
        onReply={reply}
        onCancel={() => cancel.mutate({ scanId: scan.id })}
      />
    </Dialog>
  );
}
