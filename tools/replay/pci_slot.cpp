// Two files of sysfs.
#include "tools/replay/pci_slot.hpp"

#include <fstream>

namespace culvert::replay {

std::optional<search::Slot> read_slot(const std::string& folder) {
  search::Slot slot;
  // "8.0 GT/s PCIe", and "8"; "Unknown" where there is no slot.
  std::ifstream speed(folder + "/current_link_speed"), width(folder + "/current_link_width");
  double gigatransfers = 0;
  if (!(speed >> gigatransfers) || !(width >> slot.lanes)) return std::nullopt;
  if (gigatransfers <= 0 || slot.lanes == 0) return std::nullopt;
  slot.transfers = gigatransfers * 1e9;
  return slot;
}

}  // namespace culvert::replay
