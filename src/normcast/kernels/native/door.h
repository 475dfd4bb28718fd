// What a kernel is given is held to what it needs, before one float is read or written: no caller can go around it.
#pragma once
#include <algorithm>

#include "frame.h"

namespace {

template <class List>
std::string told(const List& sizes) {
  std::string text = "(";
  for (const int64_t size : sizes) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + ")";
}

// An argument or a result by its name; may: whether it may be left out, which is an array without elements.
struct Given {
  const char* name;
  const F32& array;
  std::initializer_list<int64_t> sizes;
  bool may = false;
};

inline void hold(const Given& given) {
  const auto has = given.array.dimensions();
  if (std::equal(has.begin(), has.end(), given.sizes.begin(), given.sizes.end())) return;
  if (given.may && given.array.element_count() == 0) return;
  throw Misfit{std::string(given.name) + " has shape " + told(has) + ", but must have " + told(given.sizes) +
               (given.may ? ", or no elements." : ".")};
}
inline void hold_all(std::initializer_list<Given> all) {
  for (const Given& each : all) hold(each);
}
// may_lack: how many axes, from the first on, may be empty.
inline void hold_rank(const char* name, const F32& array, int64_t rank, int64_t may_lack) {
  const auto has = array.dimensions();
  if (has.size() != rank || *std::min_element(has.begin() + may_lack, has.end()) < 1)
    throw Misfit{std::string(name) + " has shape " + told(has) + ", but must have " + std::to_string(rank) + " axes" +
                 (may_lack ? ", of which only the first may be empty." : ", none of them empty.")};
}
inline void hold_number(const char* name, int64_t number, std::initializer_list<int64_t> known) {
  if (std::find(known.begin(), known.end(), number) == known.end())
    throw Misfit{std::string(name) + " is " + std::to_string(number) + ", but must be one of " + told(known) + "."};
}

// Sets all results to zero, which is what a batch without rows gives.
inline void clear(std::initializer_list<Out*> results) {
  for (Out* each : results)
    if (const int64_t count = (*each)->element_count()) std::fill_n((*each)->typed_data(), count, 0.0f);
}

}  // namespace
