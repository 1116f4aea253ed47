// The program whose instructions constant_time_test.cpp compares: it opens one record after the
// other, of one length and with different things in them, each between two marks.
//
//     constant_time_opener ISA {valgrind|steps}
//
// It says where IPsec-MB's code lies, before each record which group it belongs to, and marks begin
// and end of the opening: for valgrind by writing to a variable, for who single-steps it by SIGUSR1.
// Everything else, the same keys and the same memory for each, is done outside the marks.
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <link.h>
#include <unistd.h>

#include "crypto/record/protection.hpp"
#include "tests/crypto/record/evp_record.hpp"

namespace culvert::crypto::record {
namespace {

using Bytes = std::vector<uint8_t>;

std::atomic<uint32_t> mark = 0;

// What is compared reads the lines in between others, so each goes out whole and at once.
void say(const std::string& line) {
  const std::string text = line + "\n";
  if (write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) _exit(2);
}

std::string hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%lx", static_cast<unsigned long>(value));
  return text;
}

void say_where_ipsec_mb_lies() {
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void*) {
        if (std::string_view(info->dlpi_name).find("IPSec_MB") == std::string_view::npos) return 0;
        for (const auto& segment : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
          if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
          const uint64_t begin = info->dlpi_addr + segment.p_vaddr;
          say("library " + hex(begin) + " " + hex(begin + segment.p_memsz));
        }
        return 1;
      },
      nullptr);
}

// A check that the real one must not resemble: it stops at the first wrong byte, as who looks for trouble would like.
[[gnu::noinline]] bool padding_is_right_by_and_by(const uint8_t* plaintext, uint32_t size) {
  const uint32_t padding = plaintext[size - 1];
  for (uint32_t i = 0; i <= padding && i < size; i++) {
    if (plaintext[size - 1 - i] != padding) return false;
  }
  return true;
}

class Opener {
 public:
  Opener(Isa isa, bool steps) : mb_(isa), steps_(steps) {}

  // `count` records of one burst, which are the same one again and again but for who they belong to.
  void open_some(const Suite& suite, const std::string& group, const std::string& name,
                 const Bytes& record, size_t count = 1) {
    std::array<OpenOp, kMost> ops;
    for (size_t i = 0; i < count; i++) {
      if (!keys_[i].install(mb_, material(suite))) _exit(2);
      std::memset(rooms_[i], 0, sizeof(rooms_[i]));
      std::memcpy(rooms_[i], record.data(), record.size());
      ops[i] = {&keys_[i],
                rooms_[i],
                static_cast<uint32_t>(record.size()),
                rooms_[i] + overhead(suite).prefix,
                0,
                {},
                {}};
    }
    say("record " + std::string(suite.name) + " " + std::string(to_string(suite.version)) + ", " +
        std::to_string(count) + " of " + std::to_string(record.size()) + " bytes:" + group + "|" +
        name);
    mark_here(1);
    open(mb_, std::span(ops).first(count));
    if (group == "careless") {
      careless_ =
          padding_is_right_by_and_by(ops[0].payload, ops[0].record_size - overhead(suite).prefix);
    }
    mark_here(0);
    say("opened " + std::string(ops[0].status == OpenStatus::ok ? "ok" : "refused"));
  }

  [[nodiscard]] bool steps() const noexcept { return steps_; }
  static KeyMaterial material(const Suite& suite) {
    KeyMaterial out = test_material(suite);
    out.sequence = is_datagram(suite) ? dtls_sequence(1, 5) : 5;
    return out;
  }
  static bool is_datagram(const Suite& suite) {
    return suite.version != Version::tls12 && suite.version != Version::tls13;
  }
  // More than what goes through the SHA instructions rather than through lanes.
  static constexpr size_t kMost = 9;

 private:
  void mark_here(uint32_t value) const {
    if (steps_) {
      raise(SIGUSR1);
    } else {
      mark.store(value, std::memory_order_relaxed);
    }
  }

  MbManager mb_;
  bool steps_;
  std::array<Keys, kMost> keys_;
  alignas(64) uint8_t rooms_[kMost][1024];
  std::atomic<bool> careless_ = false;
};

Forgery forgery(const Suite& suite) {
  Forgery f;
  f.sequence = Opener::material(suite).sequence;
  return f;
}

// Payloads that differ from one record to the next.
Bytes next_payload(size_t size) {
  static uint32_t state = 1;
  Bytes out(size);
  for (auto& b : out) {
    state = state * 1664525 + 1013904223;
    b = static_cast<uint8_t>(state >> 24);
  }
  return out;
}

// Wrong MACs and padding.
void open_bad(Opener& opener, const Suite& suite, const Bytes& payload, size_t padding,
              size_t count) {
  const size_t mac = mac_size(suite.mac);
  Forgery f = forgery(suite);
  f.padding = padding / 16 * 16;
  const auto spoilt = [&](const char* what, auto spoil) {
    f.spoil = spoil;
    opener.open_some(suite, "bad", "padding " + std::to_string(padding) + ", " + what,
                     evp_seal(test_material(suite), f, payload), count);
  };
  spoilt("another length", [](Bytes& t) { t.back() ^= 0x55; });
  if (count > 1) return;
  spoilt("wrong MAC, last byte", [mac](Bytes& t) { t[mac - 1] ^= 0x80; });
  if (opener.steps()) return;
  spoilt("wrong MAC, first byte", [](Bytes& t) { t.front() ^= 1; });
  spoilt("more padding than record", [](Bytes& t) { t.back() ^= 0xff; });
  if (padding == 0) return;
  spoilt("wrong padding, first byte", [mac](Bytes& t) { t[mac] ^= 1; });
  spoilt("wrong padding, last byte", [](Bytes& t) { t[t.size() - 2] ^= 1; });
}

// Records of one length: `size` bytes of payload, MAC and padding.
void open_cbc(Opener& opener, const Suite& suite, size_t size, size_t count) {
  const size_t most = size - mac_size(suite.mac) - 1;
  // One byte of payload at least: what is good and empty is looked at once more.
  const size_t widest = std::min<size_t>(most - 1, 255);
  // Where a block of the cipher ends, where one of the hash may, and another one.
  std::set<size_t> paddings{0, widest};
  if (!opener.steps())
    paddings.insert({15, std::min<size_t>(64, widest), std::min<size_t>(200, widest)});
  for (const size_t padding : paddings) {
    const Bytes payload = next_payload(most - padding);
    const std::string name = "padding " + std::to_string(padding);
    Forgery f = forgery(suite);
    f.padding = padding / 16 * 16;
    const Bytes good = evp_seal(test_material(suite), f, payload);
    opener.open_some(suite, "good", name, good, count);
    if (padding != 0 && padding != widest) continue;
    if (count == 1) opener.open_some(suite, "careless", name, good);
    open_bad(opener, suite, payload, padding, count);
  }
}

void open_aead(Opener& opener, const Suite& suite, size_t size) {
  for (const size_t at : {0u, 7u, 15u}) {
    Bytes record = evp_seal(test_material(suite), forgery(suite), next_payload(size));
    opener.open_some(suite, "good", "payload " + std::to_string(at), record);
    record[record.size() - kTagSize + at] ^= 1;
    opener.open_some(suite, "bad", "wrong tag, byte " + std::to_string(at), record);
  }
}

void open_all(Opener& opener) {
  std::vector<Suite> suites;
  for (const auto rows : {tls_suites(), dtls_suites(), dtls09_suites()})
    suites.insert(suites.end(), rows.begin(), rows.end());
  // Each cipher, each MAC, and each version's code for AEADs and for the others: more would be
  // more of the same. The last ones of a table take the fewest instructions.
  std::reverse(suites.begin(), suites.end());
  std::set<Cipher> ciphers;
  std::set<Mac> macs;
  std::set<std::pair<Version, bool>> versions;
  for (const Suite& suite : suites) {
    const bool cbc = is_cbc(suite.cipher);
    const bool new_cipher = ciphers.insert(suite.cipher).second;
    const bool new_mac = macs.insert(suite.mac).second;
    const bool new_version = versions.insert({suite.version, cbc}).second;
    if (!new_cipher && !new_mac && !new_version) continue;
    for (const bool is_long : {false, true}) {
      if (cbc) {
        open_cbc(opener, suite, is_long ? 512 : 96, 1);
      } else {
        open_aead(opener, suite, is_long ? 300 : 40);
      }
    }
    if (cbc && new_mac && opener.steps()) open_cbc(opener, suite, 512, Opener::kMost);
  }
}

}  // namespace
}  // namespace culvert::crypto::record

int main(int argc, char** argv) {
  using namespace culvert::crypto;
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (words.size() != 2) return 2;
  for (const Isa isa : {Isa::sse, Isa::avx2, Isa::avx512}) {
    if (words[0] != to_string(isa)) continue;
    record::say("marks " + record::hex(reinterpret_cast<uintptr_t>(&record::mark)));
    record::say_where_ipsec_mb_lies();
    record::Opener opener(isa, words[1] == "steps");
    record::open_all(opener);
    record::say("end");
    return 0;
  }
  return 2;
}
