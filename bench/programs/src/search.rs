//! A search engine: documents are put into a `tantivy` index in memory by two threads of its own, and queries are
//! answered. Every document is made on one thread and dropped on another.

use tantivy::collector::{Count, TopDocs};
use tantivy::indexer::NoMergePolicy;
use tantivy::query::QueryParser;
use tantivy::schema::{Field, INDEXED, STORED, Schema, TEXT, Value};
use tantivy::{Index, IndexWriter, Searcher, TantivyDocument, doc};

use crate::outcome::{Outcome, mix, timed};
use crate::words::Words;

const THREADS: usize = 2;
/// What the threads may hold, all together, before they write a segment.
const BUDGET: usize = 40 << 20;
/// A query for so many documents.
const DOCUMENTS_A_QUERY: usize = 20;

/// Indexes so many documents, and searches.
pub(crate) fn run(documents: usize) -> Outcome {
    timed(documents, || work(documents).expect("nothing is written to disk, so nothing can fail"))
}

fn work(documents: usize) -> tantivy::Result<u64> {
    let mut builder = Schema::builder();
    let number = builder.add_u64_field("number", INDEXED | STORED);
    let title = builder.add_text_field("title", TEXT | STORED);
    let body = builder.add_text_field("body", TEXT);
    let index = Index::create_in_ram(builder.build());
    let mut words = Words::new(9);
    let mut writer: IndexWriter = index.writer_with_num_threads(THREADS, BUDGET)?;
    // Merges run whenever a segment happens to be ready: that is not the same work every time.
    writer.set_merge_policy(Box::new(NoMergePolicy));
    for place in 0..documents as u64 {
        writer.add_document(doc!(number => place, title => words.sentence(6), body => words.sentence(120)))?;
    }
    writer.commit()?;
    let searcher = index.reader()?.searcher();
    let parser = QueryParser::for_index(&index, vec![title, body]);
    let mut sum = 0;
    for _ in 0..documents / DOCUMENTS_A_QUERY {
        sum = mix(sum, answer(&searcher, &parser, title, &query(&mut words))?);
    }
    Ok(sum)
}

/// A phrase, or two words, or one in a title.
fn query(words: &mut Words) -> String {
    let [one, two, three, four, five] = core::array::from_fn(|_| words.word().to_owned());
    format!("\"{one} {two}\" OR (+{three} +{four}) OR title:{five}")
}

/// How many documents a query finds, and how well the best fit. Which of two are taken that fit as well depends on how
/// the threads shared the work.
fn answer(searcher: &Searcher, parser: &QueryParser, title: Field, query: &str) -> tantivy::Result<u64> {
    let query = parser.parse_query(query)?;
    let (count, best) = searcher.search(&query, &(Count, TopDocs::with_limit(10).order_by_score()))?;
    let mut sum = count as u64;
    for (score, address) in best {
        let document: TantivyDocument = searcher.doc(address)?;
        let title = document.get_first(title).and_then(|value| value.as_str());
        assert!(title.is_some_and(|title| title.ends_with('.')), "what was stored is there");
        sum = mix(sum, u64::from(score.to_bits()));
    }
    Ok(sum)
}
