#include "ops/einsum_equation.h"

#include <algorithm>

namespace escuta::ops {
namespace {

int letter_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  return -1;
}

Result<EinsumEquation::Term> parse_term(std::string_view text) {
  EinsumEquation::Term term;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (!term.ellipsis && text.substr(i, 3) == "...") {
      term.ellipsis = true;
      i += 2;
      continue;
    }
    const int letter = letter_of(text[i]);
    if (letter < 0) {
      return invalid_argument("equation: expected letters and one \"...\" in a term, found \"{}\"",
                              text);
    }
    (term.ellipsis ? term.after : term.before).push_back(letter);
  }
  return term;
}

}  // namespace

Result<std::vector<int>> EinsumEquation::Term::labels(int rank) const {
  const int rest = rank - letters();
  if (rest < 0 || (rest > 0 && !ellipsis)) {
    return invalid_argument("equation: expected a tensor of {}{} dimensions, found {}", letters(),
                            ellipsis ? " or more" : "", rank);
  }
  std::vector<int> all = before;
  for (int i = rest; i-- > 0;) all.push_back(kLetters + i);
  all.insert(all.end(), after.begin(), after.end());
  return all;
}

Result<EinsumEquation> EinsumEquation::parse(std::string_view text) {
  EinsumEquation equation;
  const size_t arrow = text.find("->");
  std::string_view left = text.substr(0, arrow);
  std::array<int, kLetters> seen{};
  for (bool more = true; more;) {
    const size_t comma = left.find(',');
    more = comma != std::string_view::npos;
    ASSIGN_OR_RETURN(Term term, parse_term(left.substr(0, comma)));
    for (const int letter : term.before) ++seen[static_cast<size_t>(letter)];
    for (const int letter : term.after) ++seen[static_cast<size_t>(letter)];
    equation.result.ellipsis = equation.result.ellipsis || term.ellipsis;
    equation.operands.push_back(std::move(term));
    if (more) left.remove_prefix(comma + 1);
  }
  if (arrow == std::string_view::npos) {
    for (int letter = 0; letter < kLetters; ++letter) {
      if (seen[static_cast<size_t>(letter)] == 1) equation.result.after.push_back(letter);
    }
    return equation;
  }
  const bool any_ellipsis = equation.result.ellipsis;
  ASSIGN_OR_RETURN(equation.result, parse_term(text.substr(arrow + 2)));
  std::array<bool, kLetters> used{};
  for (const auto* letters : {&equation.result.before, &equation.result.after}) {
    for (const int letter : *letters) {
      bool& mine = used[static_cast<size_t>(letter)];
      if (mine || seen[static_cast<size_t>(letter)] == 0) {
        return invalid_argument(
            "equation: expected each letter of the result once there and in an "
            "operand, found \"{}\"",
            text);
      }
      mine = true;
    }
  }
  if (equation.result.ellipsis && !any_ellipsis) {
    return invalid_argument("equation: expected \"...\" in an operand too, found \"{}\"", text);
  }
  return equation;
}

}  // namespace escuta::ops
