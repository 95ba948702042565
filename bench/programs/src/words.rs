//! Text of a made-up language: words of one to four syllables, some much more frequent than others.

use crate::random::Random;

/// Writes text that repeats exactly.
pub(crate) struct Words {
    vocabulary: Vec<String>,
    random: Random,
}

/// Words in the language.
const VOCABULARY: usize = 8000;

const SYLLABLES: [&str; 24] = [
    "ba", "cor", "de", "fin", "ga", "hel", "is", "jo", "ka", "lin", "mu", "nor", "op", "pel", "qui", "ra", "sil", "ta",
    "ul", "ver", "wi", "xen", "yo", "zan",
];

impl Words {
    /// The text that `seed` stands for.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let vocabulary = (0..VOCABULARY).map(|_| word(&mut random)).collect();
        Self { vocabulary, random }
    }

    /// The numbers that the text is made with.
    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// The next word. The rank of a word is a product of three chances, so that few words make up most of the text.
    pub(crate) fn word(&mut self) -> &str {
        let rank = (0..3).fold(VOCABULARY, |bound, _| self.random.below(bound) + 1);
        &self.vocabulary[rank - 1]
    }

    /// So many words, with spaces between them and a full stop.
    pub(crate) fn sentence(&mut self, words: usize) -> String {
        let mut sentence = String::new();
        for place in 0..words {
            sentence.push_str(if place == 0 { "" } else { " " });
            sentence.push_str(self.word());
        }
        sentence.push('.');
        sentence
    }
}

fn word(random: &mut Random) -> String {
    let syllables = random.between(1, 4);
    (0..syllables).map(|_| SYLLABLES[random.below(SYLLABLES.len())]).collect()
}
