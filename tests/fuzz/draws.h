// The functions that operators.inc names: each draws attributes and inputs of its operators.
#pragma once

#include "builder.h"

namespace escuta::fuzz {

// The node of an entry.
bool emit(Builder& b, const Entry& e, std::vector<std::string> inputs, Attributes attributes = {},
          int outputs = 1);
int64_t any_axis(Builder& b, int axis, int rank);  // as it is, or counted from the end
std::vector<int64_t> iota(int count);

#define ESCUTA_DRAW(name) bool name(Builder& b, const Entry& e)
// draw_elementwise.cc
ESCUTA_DRAW(unary);
ESCUTA_DRAW(with_alpha);
ESCUTA_DRAW(above_half);
ESCUTA_DRAW(within_one);
ESCUTA_DRAW(above_one);
ESCUTA_DRAW(clip);
ESCUTA_DRAW(shrink);
ESCUTA_DRAW(binary);
ESCUTA_DRAW(divide);
ESCUTA_DRAW(modulo);
ESCUTA_DRAW(power);
ESCUTA_DRAW(variadic);
ESCUTA_DRAW(bit_shift);
ESCUTA_DRAW(slope);
ESCUTA_DRAW(where);
ESCUTA_DRAW(cast);
ESCUTA_DRAW(cast_like);
ESCUTA_DRAW(special_numbers);
ESCUTA_DRAW(dropout);
// draw_reduce.cc
ESCUTA_DRAW(reduce);
ESCUTA_DRAW(along_axis);
ESCUTA_DRAW(position);
ESCUTA_DRAW(cumulative);
ESCUTA_DRAW(top_k);
// draw_shape.cc
ESCUTA_DRAW(transpose);
ESCUTA_DRAW(reshape);
ESCUTA_DRAW(unsqueeze);
ESCUTA_DRAW(squeeze);
ESCUTA_DRAW(flatten);
ESCUTA_DRAW(concat);
ESCUTA_DRAW(split);
ESCUTA_DRAW(slice);
ESCUTA_DRAW(expand);
ESCUTA_DRAW(tile);
ESCUTA_DRAW(pad);
ESCUTA_DRAW(shape_of);
ESCUTA_DRAW(size_of);
ESCUTA_DRAW(trilu);
ESCUTA_DRAW(depth_to_space);
ESCUTA_DRAW(space_to_depth);
ESCUTA_DRAW(center_crop_pad);
ESCUTA_DRAW(reverse_sequence);
ESCUTA_DRAW(constant_of_shape);
ESCUTA_DRAW(range);
ESCUTA_DRAW(eye_like);
ESCUTA_DRAW(constant_node);
// draw_index.cc
ESCUTA_DRAW(gather);
ESCUTA_DRAW(gather_elements);
ESCUTA_DRAW(gather_nd);
ESCUTA_DRAW(scatter);
ESCUTA_DRAW(scatter_nd);
ESCUTA_DRAW(compress);
ESCUTA_DRAW(one_hot);
ESCUTA_DRAW(non_zero);
ESCUTA_DRAW(unique);
ESCUTA_DRAW(tensor_scatter);
ESCUTA_DRAW(non_max_suppression);
// draw_linear.cc
ESCUTA_DRAW(matmul);
ESCUTA_DRAW(batched_matmul);
ESCUTA_DRAW(gemm);
ESCUTA_DRAW(einsum);
ESCUTA_DRAW(determinant);
// draw_window.cc
ESCUTA_DRAW(conv);
ESCUTA_DRAW(conv_transpose);
ESCUTA_DRAW(pool);
ESCUTA_DRAW(global_pool);
ESCUTA_DRAW(max_unpool);
ESCUTA_DRAW(col2im);
ESCUTA_DRAW(deform_conv);
ESCUTA_DRAW(resize);
ESCUTA_DRAW(upsample);
ESCUTA_DRAW(grid_sample);
ESCUTA_DRAW(affine_grid);
ESCUTA_DRAW(roi_align);
ESCUTA_DRAW(max_roi_pool);
// draw_norm.cc
ESCUTA_DRAW(layer_norm);
ESCUTA_DRAW(rms_norm);
ESCUTA_DRAW(batch_norm);
ESCUTA_DRAW(instance_norm);
ESCUTA_DRAW(group_norm);
ESCUTA_DRAW(lrn);
ESCUTA_DRAW(lp_norm);
ESCUTA_DRAW(mean_variance);
ESCUTA_DRAW(log_likelihood_loss);
ESCUTA_DRAW(cross_entropy_loss);
// draw_recurrent.cc
ESCUTA_DRAW(recurrent);
ESCUTA_DRAW(attention);
ESCUTA_DRAW(rotary);
// draw_quantized.cc
ESCUTA_DRAW(quantize);
ESCUTA_DRAW(dequantize);
ESCUTA_DRAW(dynamic_quantize);
ESCUTA_DRAW(matmul_integer);
ESCUTA_DRAW(conv_integer);
ESCUTA_DRAW(qlinear_matmul);
ESCUTA_DRAW(qlinear_conv);
ESCUTA_DRAW(qlinear_binary);
ESCUTA_DRAW(qlinear_unary);
ESCUTA_DRAW(matmul_integer_to_float);
ESCUTA_DRAW(dynamic_quantize_matmul);
ESCUTA_DRAW(matmul_n_bits);
// draw_signal.cc
ESCUTA_DRAW(dft);
ESCUTA_DRAW(stft);
ESCUTA_DRAW(mel_weights);
ESCUTA_DRAW(window);
// draw_control.cc
ESCUTA_DRAW(branch);
ESCUTA_DRAW(loop);
ESCUTA_DRAW(scan);
ESCUTA_DRAW(sequence_of);
ESCUTA_DRAW(split_to_sequence);
ESCUTA_DRAW(sequence_at);
ESCUTA_DRAW(sequence_insert);
ESCUTA_DRAW(sequence_erase);
ESCUTA_DRAW(sequence_length);
ESCUTA_DRAW(concat_from_sequence);
ESCUTA_DRAW(optional_get);
ESCUTA_DRAW(optional_has);
// draw_text.cc
ESCUTA_DRAW(string_concat);
ESCUTA_DRAW(string_split);
ESCUTA_DRAW(regex_match);
ESCUTA_DRAW(string_normalizer);
ESCUTA_DRAW(tfidf);
ESCUTA_DRAW(label_encoder);
ESCUTA_DRAW(one_hot_encoder);
ESCUTA_DRAW(scaler);
ESCUTA_DRAW(normalizer);
ESCUTA_DRAW(binarizer);
ESCUTA_DRAW(imputer);
ESCUTA_DRAW(array_feature);
ESCUTA_DRAW(linear_regressor);
ESCUTA_DRAW(linear_classifier);
ESCUTA_DRAW(tree_regressor);
ESCUTA_DRAW(svm_regressor);
ESCUTA_DRAW(feature_vectorizer);
// draw_contrib.cc
ESCUTA_DRAW(contrib_unary);
ESCUTA_DRAW(bias_gelu);
ESCUTA_DRAW(skip_norm);
ESCUTA_DRAW(fused_matmul);
ESCUTA_DRAW(fused_gemm);
ESCUTA_DRAW(fused_conv);
ESCUTA_DRAW(multi_head_attention);
ESCUTA_DRAW(self_attention);
ESCUTA_DRAW(group_query_attention);
ESCUTA_DRAW(contrib_rotary);
ESCUTA_DRAW(cdist);
ESCUTA_DRAW(expand_dims);
ESCUTA_DRAW(inverse);
// draw_patterns.cc
ESCUTA_DRAW(spelled_layer_norm);
ESCUTA_DRAW(spelled_gelu);
ESCUTA_DRAW(spelled_attention);
ESCUTA_DRAW(conv_and_norm);
ESCUTA_DRAW(matmul_and_bias);
ESCUTA_DRAW(skip_and_norm);
ESCUTA_DRAW(shape_arithmetic);
ESCUTA_DRAW(same_twice);
#undef ESCUTA_DRAW

}  // namespace escuta::fuzz
