// How XLA calls a kernel: its frame, read through XLA's C interface. The C++ interface above that one says the same,
// and costs the compiler more than all that the kernels compute.
#pragma once
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <new>
#include <string>
#include <type_traits>

#include "xla/ffi/api/c_api.h"

namespace {

// What was wrong with a call.
struct Misfit {
  std::string told;
};

struct Sizes {
  const int64_t* first;
  int64_t rank;
  const int64_t* begin() const { return first; }
  const int64_t* end() const { return first + rank; }
  int64_t size() const { return rank; }
  int64_t operator[](int64_t axis) const { return first[axis]; }
};

// An argument: an array of floats.
class F32 {
 public:
  explicit F32(const XLA_FFI_Buffer& buffer)
      : data_(static_cast<float*>(buffer.data)), sizes_{buffer.dims, buffer.rank}, count_(1) {
    for (const int64_t size : sizes_) count_ *= size;
  }
  Sizes dimensions() const { return sizes_; }
  int64_t element_count() const { return count_; }
  float* typed_data() const { return data_; }

 private:
  float* data_;
  Sizes sizes_;
  int64_t count_;
};

// A result, to be written.
struct Out {
  F32 array;
  const F32* operator->() const { return &array; }
  const F32& operator*() const { return array; }
};

// Arguments, results and attributes of a call, each taken in its order; attributes by their names.
class Frame {
 public:
  Frame(const XLA_FFI_CallFrame& given, const char* const* names) : given_(given), names_(names) {}

  template <class A>
  A take() {
    if constexpr (std::is_same_v<A, F32>) return array(given_.args.args[argument_++]);
    else if constexpr (std::is_same_v<A, Out>) return {array(given_.rets.rets[result_++])};
    else return number<A>(*names_++);
  }

  void hold_counts(int64_t arguments, int64_t results, int64_t attributes) const {
    hold_count("arguments", given_.args.size, arguments), hold_count("results", given_.rets.size, results);
    hold_count("attributes", given_.attrs.size, attributes);
  }

 private:
  static void hold_count(const char* what, int64_t has, int64_t needs) {
    if (has != needs)
      throw Misfit{"it has " + std::to_string(has) + " " + what + ", but must have " + std::to_string(needs) + "."};
  }
  static F32 array(const void* given) {
    const auto& buffer = *static_cast<const XLA_FFI_Buffer*>(given);
    if (buffer.dtype != XLA_FFI_DataType_F32) throw Misfit{"it takes arrays of float32 alone."};
    return F32(buffer);
  }
  template <class A>
  A number(const char* name) const {
    constexpr auto type = std::is_same_v<A, float> ? XLA_FFI_DataType_F32 : XLA_FFI_DataType_S64;
    for (int64_t i = 0; i < given_.attrs.size; ++i) {
      const XLA_FFI_ByteSpan& has = *given_.attrs.names[i];
      if (has.len != std::strlen(name) || std::memcmp(has.ptr, name, has.len)) continue;
      const auto& scalar = *static_cast<const XLA_FFI_Scalar*>(given_.attrs.attrs[i]);
      if (given_.attrs.types[i] != XLA_FFI_AttrType_SCALAR || scalar.dtype != type) break;
      return *static_cast<const A*>(scalar.value);
    }
    const char* kind = std::is_same_v<A, float> ? " as float32." : " as int64.";
    throw Misfit{std::string("it needs the number ") + name + kind};
  }

  const XLA_FFI_CallFrame& given_;
  const char* const* names_;
  int64_t argument_ = 0, result_ = 0;
};

// Runs a kernel with what it takes; in braces, what is given is made from left to right.
template <class... A>
struct Run {
  Run(void (*kernel)(A...), A... given) { kernel(given...); }
};

inline XLA_FFI_Error* error_of(const XLA_FFI_Api& api, XLA_FFI_Error_Code code, const std::string& message) {
  XLA_FFI_Error_Create_Args args = {XLA_FFI_Error_Create_Args_STRUCT_SIZE, nullptr, message.c_str(), code};
  return api.XLA_FFI_Error_Create(&args);
}

// XLA first asks for which version of its interface a kernel was compiled.
inline bool answers(const XLA_FFI_CallFrame& frame) {
  const XLA_FFI_Extension_Base* asked = frame.extension_start;
  if (asked == nullptr || asked->type != XLA_FFI_Extension_Metadata) return false;
  XLA_FFI_Metadata& metadata = *reinterpret_cast<const XLA_FFI_Metadata_Extension*>(asked)->metadata;
  const XLA_FFI_Api_Version version = {XLA_FFI_Api_Version_STRUCT_SIZE, nullptr, XLA_FFI_API_MAJOR, XLA_FFI_API_MINOR};
  metadata = {metadata.struct_size, version};  // without traits, and without a state
  return true;
}

// Answers XLA's call of a kernel, telling it what was wrong.
template <class... A>
XLA_FFI_Error* call(const XLA_FFI_CallFrame& given, const std::string& name, void (*kernel)(A...),
                    std::initializer_list<const char*> attributes) {
  if (answers(given)) return nullptr;
  try {
    Frame frame(given, attributes.begin());
    frame.hold_counts((std::is_same_v<A, F32> + ...), (std::is_same_v<A, Out> + ...), attributes.size());
    Run<A...>{kernel, frame.take<A>()...};
    return nullptr;
  } catch (const Misfit& e) {
    return error_of(*given.api, XLA_FFI_Error_Code_INVALID_ARGUMENT, name + ": " + e.told);
  } catch (const std::bad_alloc&) {
    return error_of(*given.api, XLA_FFI_Error_Code_RESOURCE_EXHAUSTED, name + ": no memory left for it.");
  }
}

}  // namespace
