// All kernels as one unit: what they share is read and compiled once.
#include "gru.cc"
#include "lstm.cc"
#include "lstm_norm.cc"

extern "C" int64_t normcast_vector_width() { return W; }
