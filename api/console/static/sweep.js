// What is known of a long list, kept fresh a few pages at a time.
//
// A walk follows the cursors from the first page to the last; then the next walk begins. What a whole
// walk has not met is gone. So a list of thousands costs a round as little as a list of a hundred,
// it is only as old as a walk takes.

export class Sweep {
  #fetchPage;
  #met = new Set();
  #cursor = null;

  /** `fetchPage` takes a cursor (null: from the start) and answers a page of the API. */
  constructor(fetchPage) {
    this.#fetchPage = fetchPage;
    this.items = new Map();
    this.isComplete = false; // whether the first walk has ended
  }

  get values() {
    return [...this.items.values()];
  }

  /** Go on for so many pages, or to the end of the walk. */
  async advance(pages) {
    for (let n = 0; n < pages; n += 1) {
      const page = await this.#fetchPage(this.#cursor);
      page.data.forEach((item) => this.put(item));
      this.#cursor = page.nextPageCursor;
      if (this.#cursor === null) return this.#endWalk();
    }
  }

  /** Take an item that was fetched beside the walk. */
  put(item) {
    this.items.set(item.id, item);
    this.#met.add(item.id);
  }

  #endWalk() {
    for (const id of this.items.keys()) if (!this.#met.has(id)) this.items.delete(id);
    this.#met = new Set();
    this.isComplete = true;
  }
}
