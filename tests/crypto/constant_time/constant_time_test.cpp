// Records of one length are opened by the same instructions, whatever is in them (cbc_padding.hpp
// says why): compared are good ones with each other, whatever their padding, and bad ones,
// whatever is bad about them. (A good and a bad one differ behind the verdict, which the peer is
// told anyway: the bad one's plaintext is wiped.)
//
// Of our own code, and of what it calls in libcrypto, the whole sequence must be the same, and
// under valgrind every address that is read or written. Of IPsec-MB's it is the sequence for
// AEADs. For CBC each of its instructions must be run as often: the message's blocks and the
// dummies' are hashed one after the other, and how they are shared out is what must not be seen
// from how long it takes. A message that may be shorter than a block of the hash is copied by as
// few instructions as it takes: those are counted, and are all that is left.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/crypto/constant_time/traces.hpp"

namespace culvert::crypto {
namespace {

using Counts = std::map<uint64_t, long>;

struct Parts {
  std::vector<Step> ours;
  std::vector<Step> theirs;
  Counts counts;  // of their instructions
};

Parts take_apart(const Library& library, const Trace& trace, bool job_ring) {
  Parts out;
  bool theirs = false;
  for (const Step& s : trace.steps) {
    if (s.kind == 'I') {
      theirs = library.has(s.address);
    } else if (job_ring) {
      continue;
    }
    (theirs ? out.theirs : out.ours).push_back(s);
    if (theirs && s.kind == 'I') out.counts[s.address]++;
  }
  return out;
}

// How many instructions are run by one and not by the other.
long distance(const Counts& a, const Counts& b) {
  Counts sum = a;
  for (const auto& [address, count] : b)
    sum[address] -= count;
  long out = 0;
  for (const auto& [address, count] : sum)
    out += std::labs(count);
  return out;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Copying 13 to 127 bytes takes IPsec-MB so many, as a sum over both of two records.
constexpr long kCopies = 24;

class Comparison {
 public:
  void operator()(const Library& library, const Trace& trace) {
    SCOPED_TRACE(trace.record + ": " + trace.name);
    ASSERT_FALSE(trace.steps.empty());
    ASSERT_NE(library.end, 0u);
    ASSERT_EQ(trace.ok, trace.group != "bad");
    // A job of ChaCha20-Poly1305 is the next of a ring, whose place is no secret.
    const Parts parts = take_apart(library, trace, contains(trace.record, "CHACHA20"));
    const auto [first, is_new] = first_.try_emplace(trace.record + ":" + trace.group, parts);
    if (is_new) return;
    const Parts& expected = first->second;
    compared_++;
    if (trace.group == "careless") {
      EXPECT_TRUE(parts.ours != expected.ours) << "what leaks is not found";
      careless_++;
      return;
    }
    EXPECT_TRUE(parts.ours == expected.ours) << where(parts.ours, expected.ours);
    if (contains(trace.record, "GCM") || contains(trace.record, "CHACHA20")) {
      EXPECT_TRUE(parts.theirs == expected.theirs) << where(parts.theirs, expected.theirs);
      return;
    }
    EXPECT_LE(distance(parts.counts, expected.counts), is_short(trace) ? kCopies : 0);
  }

  // So many comparisons that it cannot have been by accident, and some of code that does leak.
  void finish() const {
    EXPECT_GT(compared_, 80u);
    EXPECT_GE(careless_, 8u);
  }

 private:
  // Whose message may be shorter than a block of the hash.
  static bool is_short(const Trace& trace) { return !contains(trace.record, " of 5"); }

  static std::string where(const std::vector<Step>& a, const std::vector<Step>& b) {
    const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    const auto name = [](auto at, auto end) {
      char text[32] = "the end";
      if (at != end) {
        std::snprintf(text, sizeof(text), "%c %lx", at->kind,
                      static_cast<unsigned long>(at->address));
      }
      return std::string(text);
    };
    return "step " + std::to_string(x - a.begin()) + " is " + name(x, a.end()) + " and not " +
           name(y, b.end());
  }

  std::map<std::string, Parts> first_;
  size_t compared_ = 0;
  size_t careless_ = 0;
};

TEST(ConstantTime, SseUnderValgrind) {
  Comparison compare;
  trace_by_valgrind(Isa::sse, std::ref(compare));
  compare.finish();
}

TEST(ConstantTime, Avx2UnderValgrind) {
  Comparison compare;
  trace_by_valgrind(Isa::avx2, std::ref(compare));
  compare.finish();
}

// What the CPU has and valgrind has not: AVX-512, VAES, SHA instructions.
TEST(ConstantTime, BestOfThisMachineByStep) {
  Comparison compare;
  trace_by_steps(best_isa(0), std::ref(compare));
  compare.finish();
}

}  // namespace
}  // namespace culvert::crypto
