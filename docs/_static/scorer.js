// How the site's search ranks: pages by the heading that holds most words of the query, which the result then
// leads to; guides and answers before the reference, rules, what was measured, and the list of changes.
const KINDS = [
  [/^where-do-they-go$/, 4],
  [/^tutorials\//, 3],
  [/^(api|layers)\//, 1],
  [/^rules\//, 0],
  [/^(accuracy|architecture|comparison|engine|speed|trust)$/, -2],
  [/^(index|changelog|contributing|evidence.*)$/, -12],
];

const stemsOf = (text) => {
  const stemmer = new Stemmer();
  return splitQuery(text.toLowerCase()).filter((word) => !stopwords.has(word)).map((word) => stemmer.stemWord(word));
};

// The headings of each page, read once: [words of the heading, its text, its anchor].
let headings = null;
const headingsOf = (page) => {
  if (headings === null) {
    headings = new Map();
    for (const [title, places] of Object.entries(Search._index.alltitles))
      for (const [file, anchor] of places) {
        const name = Search._index.docnames[file];
        if (!headings.has(name)) headings.set(name, []);
        headings.get(name).push([stemsOf(title), title, anchor]);
      }
  }
  return headings.get(page) || [];
};

const kindOf = (page) => (KINDS.find(([pattern]) => pattern.test(page)) || [null, 2])[1];

var Scorer = {
  score: (result) => {
    const [page, title, , , score, , kind] = result;
    if (kind !== "text") return score;
    const asked = new Set(stemsOf(new URLSearchParams(window.location.search).get("q") || ""));
    let best = [0, null, null];
    for (const [words, heading, anchor] of headingsOf(page)) {
      const held = [...asked].filter((word) => words.includes(word)).length;
      const all = held === asked.size ? 5 : 0;
      const rank = 5 * held + all + (5 * held) / Math.max(words.length, 1) + (anchor === null ? 1 : 0);
      if (held && rank > best[0]) best = [rank, heading, anchor];
    }
    if (best[2] !== null && result[2] === "") {
      result[1] = `${title} > ${best[1]}`;
      result[2] = `#${best[2]}`;
    }
    return best[0] + kindOf(page) + score / 10;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 10, 1: 2, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
