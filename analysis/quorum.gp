# Was there quorum at each moment, and by how many votes?
#
# Votes present and votes needed as steps, the margin between them shaded; where the cluster was
# not quorate the ground is red. Called with the directory of settings.gp and data.txt, whose blocks
# are: 0 the steps (time, expected, present, needed), 1 the stretches without quorum (from, to).

dir = ARG1
load dir.'/settings.gp'
set terminal svg size width,height font 'DejaVu Sans,11' name 'quorum' background 'white' noenhanced
set encoding utf8
set output dir.'/picture.svg'

set lmargin at screen plot_left
set rmargin at screen plot_right
set tmargin at screen plot_top
set bmargin at screen plot_bottom
set xrange [0:x_end]
set yrange [0:votes_end]
set xtics 0,x_step nomirror out scale 0.6 textcolor rgb '#333333'
set ytics 0,votes_step nomirror out scale 0.6 textcolor rgb '#333333'
set xlabel x_text offset 0,0.4 textcolor rgb '#333333'
set ylabel 'votes' textcolor rgb '#333333'
set grid xtics ytics linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
unset key
set border 3 linecolor rgb '#808080'

if (known) {
    plot dir.'/data.txt' index 1 using 1:(0):1:2:(0):(votes_end) with boxxyerror \
             fillstyle solid noborder linecolor rgb '#f8c9c9', \
         '' index 0 using 1:4:3 with filledcurves above fillstyle solid noborder \
             linecolor rgb '#f0a0a0', \
         '' index 0 using 1:3:4 with filledcurves above fillstyle solid noborder \
             linecolor rgb '#cfe5d3', \
         '' index 0 using 1:2 with lines linewidth 1 dashtype (2,3) linecolor rgb '#6b7280', \
         '' index 0 using 1:4 with lines linewidth 2 dashtype (8,4) linecolor rgb '#b91c1c', \
         '' index 0 using 1:3 with lines linewidth 2.2 linecolor rgb '#14532d'
} else {
    plot NaN
}
