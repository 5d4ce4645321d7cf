import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One text, what is asked about it, and the right one of the answers. */
export interface Case {
  readonly text: string;
  /** A question; or, where the answers are true and false, a statement. */
  readonly question: string;
  readonly answers: readonly string[];
  readonly right: string;
}

export interface Job {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** Capitalized words that begin sentences here, or stand before a name. */
const NO_NAMES = 'Hello Please The On Your I Our Invoice Dr Good A We Last For Some Nobody When Yesterday At'.split(' ');
export const TRUTHS = ['true', 'false'] as const;

/**
 * Which cases: those by which the wording of decisions was chosen among a dozen, or those that were written afterwards,
 * and that nothing was chosen by. All of them were written for this project.
 */
export type Cases = 'chosen' | 'held-out';

/** The rows of a table in `data/`, whose columns are parted by tabs. */
const rows = (cases: Cases, name: string): string[][] =>
  readFileSync(join(import.meta.dirname, 'data', cases, `${name}.tsv`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));

/** What may be a name in a text: runs of capitalized words. */
function names(text: string): string[] {
  const runs = [...text.matchAll(/[A-Z][a-z]+(?: [A-Z][a-z]+)*/g)].map(([run]) => run.split(' '));
  const found = runs.map((words) => words.filter((word) => !NO_NAMES.includes(word)).join(' '));
  return [...new Set(found)].filter((name) => name !== '');
}

const INTENTS = ['billing', 'shipping', 'technical', 'account', 'cancel'];

export const jobs = (cases: Cases): readonly Job[] => [
  {
    name: 'sentiment: positive or negative',
    cases: rows(cases, 'sentiment').map(([right, text]) => ({
      text,
      question: 'What is the sentiment of the text?',
      answers: ['positive', 'negative'],
      right,
    })),
  },
  {
    name: 'intent: one of five',
    cases: rows(cases, 'intents').map(([right, text]) => ({ text, question: 'What is the message about?', answers: INTENTS, right })),
  },
  {
    name: 'extraction: the person or the city',
    cases: rows(cases, 'extraction').map(([text, what, right]) => ({
      text,
      question: what === 'person' ? 'What is the name of the person?' : 'Which city is it?',
      answers: names(text),
      right,
    })),
  },
  {
    name: 'yes or no: whether a statement is true',
    cases: rows(cases, 'yes-no').map(([right, text, statement]) => ({
      text,
      question: statement,
      answers: TRUTHS,
      right: right === 'yes' ? 'true' : 'false',
    })),
  },
];
