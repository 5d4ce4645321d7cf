import { type Conversation, currentBranch, MODES, type Turn } from './conversation.ts';
import type { FieldTexts } from './parameters.ts';
import type { Playground } from './playground.ts';
import { modelOf, type PlaygroundState } from './playground-state.ts';

/** What the page keeps over a reload, in the session storage of its tab. */
interface Story {
  format: typeof FORMAT;
  /** The fragment of the page's URL: a link that is opened later, with another fragment, wins over the story. */
  fragment: string;
  /** Which model wrote it. Token ids mean nothing to another one, or to another version of it. */
  model: { id: string; created: number };
  mode: PlaygroundState['mode'];
  system: string;
  fields: FieldTexts;
  conversations: PlaygroundState['conversations'];
  schema: string;
  tools: string;
  questions: PlaygroundState['questions'];
}

const KEY = 'gpt-edge playground';
const FORMAT = 2;
/** Characters of a saved story. Browsers give a page 5 million or so; hundreds of branches stay below this. */
const MAX_CHARACTERS = 2 ** 21;

/** Saves the story whenever the page may be about to go. */
export function saveStoryOnLeave(playground: Playground): void {
  addEventListener('pagehide', () => saveStory(playground.state));
  document.addEventListener('visibilitychange', () => document.hidden && saveStory(playground.state));
}

/** A story that is too large is saved without the branches that are not shown, or else without its answers. */
function saveStory(state: PlaygroundState): void {
  const model = modelOf(state);
  // A page that never reached the server has nothing of its own to keep, and leaves what is there.
  if (!model) return;
  const { fragment, mode, system, schema, tools, questions, fields } = state;
  const common = {
    format: FORMAT,
    fragment,
    model: { id: model.id, created: model.created },
    mode,
    system,
    schema,
    tools,
    questions,
    fields,
  };
  const texts = [(turn: Turn) => [turn], (turn: Turn) => [withoutOtherBranches(turn)], () => []]
    .map((reduce) => JSON.stringify({ ...common, conversations: mapTurns(state.conversations, reduce) }))
    .filter((text) => text.length <= MAX_CHARACTERS);
  try {
    if (texts.length > 0) sessionStorage.setItem(KEY, texts[0]);
    else sessionStorage.removeItem(KEY);
  } catch {
    // The reader's browser keeps nothing, or has no room. The page works without.
  }
}

const withoutOtherBranches = (turn: Turn): Turn => ({ ...turn, branches: [currentBranch(turn)], current: 0 });

function mapTurns(conversations: PlaygroundState['conversations'], reduce: (turn: Turn) => Turn[]): PlaygroundState['conversations'] {
  const map = ({ draft, turns }: Conversation): Conversation => ({ draft, turns: turns.flatMap(reduce) });
  return { completion: map(conversations.completion), chat: map(conversations.chat), decide: map(conversations.decide) };
}

/** Reads what the page kept; null if there is nothing, or nothing that this version of the page can read. */
export function readStory(): Story | null {
  try {
    const story: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    return isStory(story) ? story : null;
  } catch {
    return null;
  }
}

/** Restores a story. If its model is not served any more, or is another version, its answers are left out. */
export function restoreStory(playground: Playground, story: Story): void {
  const { mode, system, schema, tools, questions, fields, model } = story;
  const served = playground.state.models.find(({ id }) => id === model.id);
  const isSame = served?.created === model.created;
  const conversations = isSame ? story.conversations : mapTurns(story.conversations, () => []);
  playground.set({ mode, system, schema, tools, questions, fields, conversations, modelId: served?.id ?? playground.state.modelId });
  playground.fitMode();
}

/** Checks the shape: another program of the same origin may have written anything. */
function isStory(value: unknown): value is Story {
  const story = value as Story;
  return (
    story?.format === FORMAT &&
    [story.fragment, story.model?.id, story.system].every((text) => typeof text === 'string') &&
    MODES.includes(story.mode) &&
    typeof story.schema === 'string' &&
    typeof story.tools === 'string' &&
    story.questions.every(({ ask, labels }) => typeof ask === 'string' && typeof labels === 'string') &&
    Object.values(story.fields).every((text) => typeof text === 'string') &&
    MODES.map((mode) => story.conversations[mode]).every(
      ({ draft, turns }) => typeof draft === 'string' && turns.every((turn) => isTurn(turn)),
    )
  );
}

const areIds = (ids: unknown): boolean => Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id));

const isTurn = ({ text, promptIds, seed, branches, current, stored }: Turn): boolean =>
  typeof text === 'string' &&
  (stored === undefined || /^\/v1\/(chat\/)?completions$/.test(stored.path)) &&
  (promptIds === null || areIds(promptIds)) &&
  areIds([seed, current]) &&
  current in branches &&
  branches.every(
    ({ tokens, calls, chosenAt }) =>
      areIds(chosenAt) &&
      calls.every((call) => typeof call.name === 'string' && typeof call.arguments === 'string') &&
      tokens.every(
        ({ id, label, logprob }) => areIds([id]) && typeof label === 'string' && (logprob === null || typeof logprob === 'number'),
      ),
  );
