import { Dialog } from "#renderer/ui/dialog.tsx";
import { QuestionForm } from "#renderer/ui/questions/question-form.tsx";
import { formatAskedFor } from "#renderer/ui/questions/question-words.ts";
import { useAnswer, useQuestions } from "./queries.ts";

/** What plans and runs ask, the oldest first, over whatever screen is open. To close it is to go on without. */
export function RunQuestions() {
  const [question, ...others] = useQuestions();
  const answer = useAnswer();
  if (!question) return null;
  const title = formatAskedFor(question);
  return (
    <Dialog
      title={others.length > 0 ? `${title} (1 of ${others.length + 1})` : title}
      isOpen
      onClose={() => void answer(question.id, null).catch(() => undefined)}
      width={460}
    >
      <QuestionForm
        key={question.id}
        question={question}
        work="runbook"
        hasOthers={false}
        onReply={({ answers }) => answer(question.id, answers)}
        onCancel={null}
      />
    </Dialog>
  );
}
