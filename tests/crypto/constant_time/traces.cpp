#include "tests/crypto/constant_time/traces.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>

#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace culvert::crypto {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

// constant_time_opener, beside this program, or what runs it. What it says goes to a file in memory: a pipe would wake
// the reader for every instruction of millions.
class Child {
 public:
  Child(std::vector<std::string> command, bool traced) : said_(memfd_create("trace", MFD_CLOEXEC)) {
    if (said_ < 0) fail("memfd_create");
    pid_ = fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
      dup2(said_, STDOUT_FILENO);
      std::vector<char*> words;
      for (auto& word : command)
        words.push_back(word.data());
      words.push_back(nullptr);
      // Or the first call of each function would be one of the linker's.
      setenv("LD_BIND_NOW", "1", 1);
      if (traced) ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      execvp(words[0], words.data());
      _exit(127);
    }
  }
  ~Child() {
    close(said_);
    if (!ended_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  // waitpid()'s status.
  int wait() {
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) fail("waitpid");
    ended_ = !WIFSTOPPED(status);
    return status;
  }

  // What it has said since the last call.
  template <typename Take>
  void read(Take take) {
    std::array<char, 65536> buffer;
    for (ssize_t n = 0; (n = pread(said_, buffer.data(), buffer.size(), read_)) > 0; read_ += n)
      take(std::string_view(buffer.data(), static_cast<size_t>(n)));
  }

 private:
  int said_;
  off_t read_ = 0;
  pid_t pid_ = -1;
  bool ended_ = false;
};

std::string opener() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "constant_time_opener";
}

uint64_t from_hex(std::string_view text) {
  uint64_t out = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    out = out << 4 | static_cast<uint64_t>(digit);
  }
  return out;
}

// The opener's own lines, and lackey's between them: "I  04000000,3" and " S 1ffeffff0,8".
class Reader {
 public:
  explicit Reader(const Each& each) : each_(each) {}

  void take(std::string_view text) {
    rest_ += text;
    size_t at = 0;
    for (size_t end = 0; (end = rest_.find('\n', at)) != std::string::npos; at = end + 1)
      line(std::string_view(rest_).substr(at, end - at));
    rest_.erase(0, at);
  }

  void step(uint64_t address) { trace_.steps.push_back({address, 'I'}); }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] const std::string& said() const noexcept { return said_; }

 private:
  void line(std::string_view text) {
    if (text.size() > 3 && (text[0] == ' ' || text.starts_with("I  "))) {
      access(text[0] == 'I' ? 'I' : text[1], from_hex(text.substr(3)));
    } else if (text.starts_with("marks ")) {
      mark_ = from_hex(text.substr(6));
    } else if (text.starts_with("library ")) {
      library_ = {from_hex(text.substr(8)), from_hex(text.substr(text.rfind(' ') + 1))};
    } else if (text.starts_with("record ")) {
      const size_t bar = text.find('|');
      const size_t colon = text.find(':');
      trace_ = {std::string(text.substr(7, colon - 7)),
                std::string(text.substr(colon + 1, bar - colon - 1)),
                std::string(text.substr(bar + 1)),
                false,
                {}};
    } else if (text.starts_with("opened ")) {
      trace_.ok = text.ends_with("ok");
      each_(library_, trace_);
      trace_ = {};
    } else if (text == "end") {
      ended_ = true;
    } else {
      said_ = text;
    }
  }

  void access(char kind, uint64_t address) {
    if (kind == 'S' && address == mark_) {
      marked_ = !marked_;
    } else if (marked_) {
      trace_.steps.push_back({address, kind});
    }
  }

  const Each& each_;
  std::string rest_;
  std::string said_;
  uint64_t mark_ = 0;
  Library library_;
  Trace trace_;
  bool marked_ = false;
  bool ended_ = false;
};

// While it lives, this process and those it forks have one CPU: two that take turns are slower on two.
class OneCpu {
 public:
  OneCpu() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
    if (sched_getaffinity(0, sizeof(before_), &before_) != 0) fail("sched_getaffinity");
    if (sched_setaffinity(0, sizeof(one), &one) != 0) fail("sched_setaffinity");
  }
  ~OneCpu() { sched_setaffinity(0, sizeof(before_), &before_); }
  OneCpu(const OneCpu&) = delete;
  OneCpu& operator=(const OneCpu&) = delete;

 private:
  cpu_set_t before_;
};

}  // namespace

void trace_by_valgrind(Isa isa, const Each& each) {
  Child child({"valgrind", "--tool=lackey", "--trace-mem=yes", "--log-fd=1", opener(),
               std::string(to_string(isa)), "valgrind"},
              false);
  Reader reader(each);
  const int status = child.wait();
  child.read([&reader](std::string_view text) { reader.take(text); });
  if (status != 0 || !reader.ended())
    throw std::runtime_error("valgrind, or the program under it, failed: " + reader.said());
}

void trace_by_steps(Isa isa, const Each& each) {
  const OneCpu one;
  Child child({opener(), std::string(to_string(isa)), "steps"}, true);
  Reader reader(each);
  const auto take = [&reader](std::string_view text) { reader.take(text); };
  bool marked = false;
  int status = child.wait();  // behind exec
  for (; WIFSTOPPED(status); status = child.wait()) {
    if (WSTOPSIG(status) == SIGUSR1) {
      marked = !marked;
      child.read(take);
    } else if (WSTOPSIG(status) != SIGTRAP) {
      throw std::runtime_error("constant_time_opener stopped by signal " +
                               std::to_string(WSTOPSIG(status)));
    } else if (marked) {
      const long rip =
          ptrace(PTRACE_PEEKUSER, child.pid(), offsetof(user_regs_struct, rip), nullptr);
      reader.step(static_cast<uint64_t>(rip));
    }
    if (ptrace(marked ? PTRACE_SINGLESTEP : PTRACE_CONT, child.pid(), nullptr, nullptr) != 0)
      fail("ptrace");
  }
  child.read(take);
  if (status != 0 || !reader.ended())
    throw std::runtime_error("constant_time_opener failed: " + reader.said());
}

}  // namespace culvert::crypto
