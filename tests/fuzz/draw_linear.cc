// Products of matrices and more.
#include <fmt/format.h>

#include "draws.h"

namespace escuta::fuzz {

bool matmul(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4, {-50, 50});
  const int64_t k = x.dims().back(), n = 1 + b.pick(b.coin() ? 5 : 40);
  Dims dims = {k, n};
  if (b.rarely()) dims = {k};
  if (b.rarely()) dims = {1 + b.pick(2), k, n};
  if (dims.size() == 3 && x.rank() > 2) {
    const int64_t batch = x.dims()[static_cast<size_t>(x.rank() - 3)];
    dims[0] = b.coin() ? 1 : batch;
  }
  return emit(b, e, {x.name, b.like(x.dtype(), dims).name});
}

bool batched_matmul(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 2, 4, {-50, 50});
  std::vector<int64_t> perm = iota(x.rank());
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  const Made* turned = b.step("Transpose", {x.name}, {attr("perm", perm)}, Rule::kMoves);
  if (turned == nullptr) return false;
  const std::string name = turned->name;
  return b.coin() ? emit(b, e, {x.name, name}) : emit(b, e, {name, x.name});
}

bool gemm(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 2, 2, {-50, 50});
  const bool turn_a = b.coin(), turn_b = b.coin();
  const int64_t m = x.dims()[turn_a ? 1 : 0], k = x.dims()[turn_a ? 0 : 1], n = 1 + b.pick(20);
  const Made w = b.like(x.dtype(), turn_b ? Dims{n, k} : Dims{k, n});
  std::vector<std::string> inputs = {x.name, w.name};
  if (b.opset() < 11 || b.pick(4) != 0) {
    const Dims bias = b.one_of<Dims>({{n}, {m, n}, {1, n}, {m, 1}, {}, {1}});
    inputs.push_back(b.fresh(x.dtype(), bias).name);
  }
  Attributes attributes = {attr("transA", turn_a), attr("transB", turn_b)};
  if (b.coin()) attributes.push_back(attr("alpha", b.real(0.2, 1.5)));
  if (b.coin()) attributes.push_back(attr("beta", b.real(0.0, 1.5)));
  return emit(b, e, inputs, attributes);
}

bool einsum(Builder& b, const Entry& e) {
  struct Equation {
    const char* text;
    std::vector<const char*> operands;
  };
  static const std::vector<Equation> kAll = {{"ij,jk->ik", {"ij", "jk"}},
                                             {"bij,bjk->bik", {"bij", "bjk"}},
                                             {"bhid,bhjd->bhij", {"bhid", "bhjd"}},
                                             {"bthd,bshd->bhts", {"bthd", "bshd"}},
                                             {"ij->ji", {"ij"}},
                                             {"ij->i", {"ij"}},
                                             {"ijk->", {"ijk"}},
                                             {"i,j->ij", {"i", "j"}},
                                             {"ii->i", {"ii"}},
                                             {"ii", {"ii"}},
                                             {"...ij,...jk->...ik", {"bij", "bjk"}},
                                             {"ij,ij->", {"ij", "ij"}},
                                             {"ij,jk,kl->il", {"ij", "jk", "kl"}},
                                             {"bi,bj->bij", {"bi", "bj"}},
                                             {"ibnd,jbnd->bnij", {"ibnd", "jbnd"}},
                                             {"ik,kj", {"ik", "kj"}}};
  const Equation& equation = b.one_of(kAll);
  const DType dtype = b.one_of(e.types);
  std::map<char, int64_t> sizes;
  std::vector<std::string> inputs;
  for (const char* operand : equation.operands) {
    Dims dims;
    for (const char* c = operand; *c != 0; ++c) {
      if (!sizes.contains(*c)) sizes[*c] = 1 + b.pick(4);
      dims.push_back(sizes[*c]);
    }
    inputs.push_back(b.like(dtype, dims).name);
  }
  return emit(b, e, inputs, {attr("equation", equation.text)});
}

bool determinant(Builder& b, const Entry& e) {
  const int64_t n = 1 + b.pick(4);
  Dims dims = b.some_dims(0, 2, 3);
  dims.insert(dims.end(), {n, n});
  return emit(b, e, {b.like(b.one_of(e.types), dims).name});
}

}  // namespace escuta::fuzz
