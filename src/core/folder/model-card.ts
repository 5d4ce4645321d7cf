/** What a model card says to someone who wants to use the model. */
export interface ModelCard {
  /** What the model is for, in its makers' words; null if the card does not say it. */
  use: string | null;
  /** What it is not for, or does badly; null if the card does not say it. */
  limits: string | null;
  examples: CardExamples;
}

/** Texts to try the model with. */
export interface CardExamples {
  /** Beginnings of a text. */
  prompts: string[];
  /** First messages of a chat. */
  messages: string[];
}

/** Characters of a passage: a few sentences, which fit beside other facts. A longer one is cut, visibly. */
const MAX_PASSAGE = 480;
/** Characters of a paragraph that are looked at, so that the work is bounded whatever the card holds. */
const MAX_PARAGRAPH = 4_000;
/** Examples of each kind, and characters of one: more would not fit on a page. Others are left out. */
const MAX_EXAMPLES = 6;
const MAX_EXAMPLE = 200;

/** Headings of Hugging Face's template for model cards, and those that older cards use. */
const USE_HEADINGS = ['direct use', 'intended use', 'uses'];
const LIMIT_HEADINGS = ['out-of-scope use', 'limitations', 'bias, risks, and limitations'];
/** What the template has where the makers wrote nothing. */
const PLACEHOLDER = '[More Information Needed]';

/**
 * Reads a model card: README.md of a model folder, Markdown after YAML front matter. The examples are those of the
 * front matter's `widget`, which Hugging Face's page offers too. Of YAML, only what such a list consists of is read.
 */
export function parseModelCard(text: string): ModelCard {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const end = lines[0] === '---' ? lines.indexOf('---', 1) : -1;
  const body = lines.slice(end + 1);
  return {
    use: firstPassage(body, USE_HEADINGS),
    limits: firstPassage(body, LIMIT_HEADINGS),
    examples: readWidget(lines.slice(1, Math.max(end, 1))),
  };
}

/** The first paragraph of the first section that has one of these headings and begins with prose. */
function firstPassage(lines: readonly string[], headings: readonly string[]): string | null {
  for (const wanted of headings) {
    for (let index = 0; index < lines.length; index++) {
      if (!headingOf(lines[index])?.startsWith(wanted)) continue;
      const passage = toPlainText(paragraphAfter(lines, index));
      if (passage !== null) return passage;
    }
  }
  return null;
}

/** A heading's text in lower case; null for any other line. */
function headingOf(line: string): string | null {
  const text = line.replace(/^#{1,6}(?=[ \t])/, '');
  return text === line ? null : text.replaceAll('*', '').trim().toLowerCase();
}

/** The paragraph below a heading, which ends at the next heading: no line is looked at for more than one section. */
function paragraphAfter(lines: readonly string[], heading: number): string {
  let index = heading + 1;
  while (lines[index] === '' || lines[index]?.startsWith('<!--')) index++;
  let prose = '';
  for (; lines[index] && headingOf(lines[index]) === null && prose.length < MAX_PARAGRAPH; index++)
    prose += `${lines[index].replace(/^[ \t]*[-*+] /, '').slice(0, MAX_PARAGRAPH)} `;
  return prose.trim();
}

/** Markdown's prose without its marks; null for a heading, a table, code, an image, HTML, or nothing. */
function toPlainText(paragraph: string): string | null {
  if (paragraph === '' || /^(\||```|!\[|<|---)/.test(paragraph) || paragraph.includes(PLACEHOLDER)) return null;
  const text = paragraph
    .replaceAll(/!?\[([^\][]*)\]\([^()]*\)/g, '$1')
    .replaceAll(/\*\*|__|`/g, '')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
  return text.length <= MAX_PASSAGE ? text : cut(text);
}

/** Cuts after a whole sentence if there is one, else between words. */
function cut(text: string): string {
  const head = text.slice(0, MAX_PASSAGE);
  const sentence = head.lastIndexOf('. ');
  return sentence > 0 ? `${head.slice(0, sentence + 1)} …` : `${head.slice(0, Math.max(head.lastIndexOf(' '), 1))} …`;
}

/**
 * Reads `widget`: a list of `text: …`, and of `messages:` with `role` and `content`, of which those of the user count.
 */
function readWidget(frontMatter: readonly string[]): CardExamples {
  const start = frontMatter.indexOf('widget:');
  const examples: CardExamples = { prompts: [], messages: [] };
  let role = '';
  for (const line of start < 0 ? [] : frontMatter.slice(start + 1)) {
    // The list ends at the next key of the front matter.
    if (/^[^ \t-]/.test(line)) break;
    const [, key, rest] = /^[ \t-]*(text|role|content):(.*)$/.exec(line) ?? [];
    const value = scalarOf(rest ?? '');
    if (key === 'role') role = value;
    if (key === 'text') addExample(examples.prompts, value);
    if (key === 'content' && role === 'user') addExample(examples.messages, value);
  }
  return examples;
}

function addExample(examples: string[], text: string): void {
  if (text !== '' && text.length <= MAX_EXAMPLE && examples.length < MAX_EXAMPLES) examples.push(text);
}

/** A YAML scalar on one line: plain, or in quotes. Texts over several lines are left out. */
function scalarOf(yaml: string): string {
  const text = yaml.trim();
  if (text.startsWith("'") && text.endsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.startsWith('"')) return /^[>|]/.test(text) ? '' : text;
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}
