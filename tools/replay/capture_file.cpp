// libpcap, and its words in ours.
#include "tools/replay/capture_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <sys/stat.h>

#include "tools/replay/failure.hpp"

namespace culvert::replay {

namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw Failure(sentence, ExitStatus::refused);
}

// libpcap reads several interfaces only if they are alike.
std::string advice(const std::string& libpcap_says, const std::string& path) {
  if (libpcap_says.find("of the first interface") == std::string::npos) return {};
  return fmt::format(
      "; libpcap reads no pcapng file whose interfaces differ in that: take out one interface with "
      "'tshark -r {} -Y frame.interface_id==0 -F pcap -w ONE.pcap'",
      path);
}

}  // namespace

CaptureFile::CaptureFile(std::string path, const std::string& filter) : path_(std::move(path)) {
  open();
  if (!filter.empty()) compile(filter);
}

CaptureFile::~CaptureFile() {
  if (has_filter_) pcap_freecode(&filter_);
}

void CaptureFile::open() {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) {
    refuse(fmt::format("{} cannot be read: {}.", path_, std::strerror(errno)));
  }
  // It is gone through twice, to know beforehand how much memory it needs.
  if (!S_ISREG(status.st_mode)) {
    refuse(fmt::format("{} is no file: what is played must be one that can be read twice.", path_));
  }
  size_ = static_cast<uint64_t>(status.st_size);
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  file_.reset(pcap_open_offline_with_tstamp_precision(path_.c_str(), PCAP_TSTAMP_PRECISION_NANO,
                                                      error.data()));
  if (!file_) {
    std::string why = error.data();
    if (why.starts_with(path_ + ": ")) why.erase(0, path_.size() + 2);
    refuse(
        fmt::format("{} is no capture that can be played: {}{}.", path_, why, advice(why, path_)));
  }
  const int link = pcap_datalink(file_.get());
  if (link == DLT_EN10MB) return;
  const char* name = pcap_datalink_val_to_name(link);
  const char* words = pcap_datalink_val_to_description(link);
  refuse(fmt::format(
      "{} has no Ethernet frames but link type {} ({}), which no Ethernet port can send.", path_,
      name == nullptr ? std::to_string(link) : name, words == nullptr ? "unknown" : words));
}

void CaptureFile::compile(const std::string& filter) {
  if (pcap_compile(file_.get(), &filter_, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    throw Failure(fmt::format("The filter '{}' is wrong: {}.", filter, pcap_geterr(file_.get())),
                  ExitStatus::command_line);
  }
  has_filter_ = true;
}

bool CaptureFile::next(CapturedPacket& packet) {
  if (!damage_.empty()) return false;
  for (;;) {
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    const int got = pcap_next_ex(file_.get(), &header, &bytes);
    if (got != 1) {
      if (got == PCAP_ERROR) {
        const std::string why = pcap_geterr(file_.get());
        damage_ = fmt::format("{} is damaged behind packet {}: {}{}.", path_, packets_, why,
                              advice(why, path_));
      }
      return false;
    }
    ++packets_;
    if (has_filter_ && pcap_offline_filter(&filter_, header, bytes) == 0) {
      ++filtered_;
      continue;
    }
    // tv_usec has nanoseconds, as asked for when the file was opened.
    packet.time_ns = static_cast<uint64_t>(header->ts.tv_sec) * 1'000'000'000 +
                     static_cast<uint64_t>(header->ts.tv_usec);
    packet.bytes = {bytes, header->caplen};
    packet.wire_size = header->len;
    return true;
  }
}

double CaptureFile::progress() const noexcept {
  FILE* stream = pcap_file(file_.get());
  const long at = stream == nullptr ? 0 : std::ftell(stream);
  return size_ == 0 || at < 0 ? 1 : static_cast<double>(at) / static_cast<double>(size_);
}

}  // namespace culvert::replay
