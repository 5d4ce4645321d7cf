import { MAX_QUESTIONS, type Question, type Verdict } from '../state/decisions.ts';
import type { ViewProps } from '../state/playground.ts';
import { Controls } from './controls.tsx';
import { percent, shareOf } from './number-formats.ts';
import { PromptField } from './prompt-field.tsx';

/** Decisions: a text, questions about it, and how probable each of their answers is. */
export function DecideSheet(view: ViewProps) {
  const { verdicts } = view.state;
  return (
    <>
      <PromptField {...view} label="Text" field="input" sendsOnEnter={false} />
      <Questions {...view} />
      <Controls {...view} verb="Decide" />
      {verdicts ? (
        <section class="verdicts" aria-label="Answers">
          {verdicts.map((verdict, index) => (
            <VerdictBars key={index} {...verdict} />
          ))}
        </section>
      ) : (
        <p class="empty">How probable each answer is will appear here. Nothing is generated.</p>
      )}
    </>
  );
}

function Questions({ playground, state }: ViewProps) {
  const { questions } = state;
  const change = (index: number, changed: Partial<Question>) =>
    playground.setQuestions(questions.with(index, { ...questions[index], ...changed }));
  return (
    <fieldset class="questions">
      <legend>Questions</legend>
      {questions.map(({ ask, labels }, index) => (
        <div key={index} class="question-fields">
          <input
            aria-label={`Question ${index + 1}, or a statement`}
            placeholder="A question, or a statement"
            value={ask}
            onInput={(event) => change(index, { ask: event.currentTarget.value })}
          />
          <input
            aria-label={`Answers to question ${index + 1}, with commas between them`}
            placeholder="Answers: a, b, c"
            value={labels}
            onInput={(event) => change(index, { labels: event.currentTarget.value })}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove question ${index + 1}`}
            disabled={questions.length === 1}
            onClick={() => playground.setQuestions(questions.toSpliced(index, 1))}
          >
            ×
          </button>
        </div>
      ))}
      <div class="bar">
        <button
          type="button"
          class="quiet"
          disabled={questions.length === MAX_QUESTIONS}
          onClick={() => playground.setQuestions([...questions, { ask: '', labels: '' }])}
        >
          Add a question
        </button>
        <label>
          <input
            type="checkbox"
            checked={state.calibrates}
            onChange={(event) => playground.set({ calibrates: event.currentTarget.checked })}
          />{' '}
          Calibrate
        </label>
      </div>
    </fieldset>
  );
}

function VerdictBars({ ask, answers }: Verdict) {
  const greatest = Math.max(...answers.map(({ probability }) => probability));
  return (
    <>
      <h3>{ask}</h3>
      <ol class="alternatives" aria-label={ask}>
        {answers.map(({ label, probability }) => (
          <li key={label} class="rest" style={shareOf(probability)}>
            <div class={probability === greatest ? 'current' : undefined}>
              <span class="name">{label}</span>
              <span class="percent">{percent(probability)}</span>
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}
