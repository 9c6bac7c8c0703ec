// Decoding by a grammar: only what it allows can be said.
#pragma once

#include <memory>

#include "generate/logit_rules.h"
#include "models/whisper/vocabulary.h"
#include "text/grammar.h"

namespace escuta::whisper {

// The text of a window, less a space before it, is of the grammar: other tokens of text are
// forbidden, the end until all has been said, and timestamps anywhere but at the begin and the end.
// Where other rules have left nothing that could follow, the end may come. Any thread.
std::unique_ptr<const generate::LogitRule> grammar_rule(text::Grammar grammar,
                                                        const Vocabulary& vocabulary);

}  // namespace escuta::whisper
