import { expect, it } from 'vitest';
import { excerpt } from '../../src/core/excerpt.ts';

it('should leave a value of up to 200 characters as it is, and cut a longer one', () => {
  expect(excerpt('')).toBe('');
  expect(excerpt('x'.repeat(200))).toBe('x'.repeat(200));
  expect(excerpt('x'.repeat(900_000))).toBe(`${'x'.repeat(200)}…`);
});

it('should not cut a character in half', () => {
  expect(excerpt(`${'x'.repeat(199)}😀😀`)).toBe(`${'x'.repeat(199)}…`);
  expect(excerpt('😀'.repeat(101))).toBe(`${'😀'.repeat(100)}…`);
});
